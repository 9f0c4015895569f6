// SPDX-License-Identifier: Apache-2.0
/** Reads kernel data out of guest memory. */
@NullMarked
package io.ksplat.machine.internal.forensics.memory;

import org.jspecify.annotations.NullMarked;
