// SPDX-License-Identifier: Apache-2.0
/** QEMU: its command line, QMP, gdbstub and console. */
@NullMarked
package io.ksplat.vm;

import org.jspecify.annotations.NullMarked;
