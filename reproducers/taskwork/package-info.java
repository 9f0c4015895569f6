// SPDX-License-Identifier: Apache-2.0
/** Work that BPF programs have a task do when it next leaves the kernel. */
@NullMarked
package io.ksplat.reproducers.taskwork;

import org.jspecify.annotations.NullMarked;
