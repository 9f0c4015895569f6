// SPDX-License-Identifier: Apache-2.0
/** What depends on the guest's architecture, and the kernel functions that are known by name. */
@NullMarked
package io.ksplat.machine.internal.arch;

import org.jspecify.annotations.NullMarked;
