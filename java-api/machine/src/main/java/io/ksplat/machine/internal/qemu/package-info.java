// SPDX-License-Identifier: Apache-2.0
/** QEMU: its command line, QMP, gdbstub, console and memory. */
@NullMarked
package io.ksplat.machine.internal.qemu;

import org.jspecify.annotations.NullMarked;
