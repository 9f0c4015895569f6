// SPDX-License-Identifier: Apache-2.0
/**
 * QEMU: its command line, QMP, gdbstub and console.
 *
 * <p>API: {@link Register}, {@link Registers}, {@link MachineException}.
 *
 * <p>What else is public is so for ksplat's other rooms and modules, and no API.
 */
@NullMarked
package io.ksplat.vm;

import org.jspecify.annotations.NullMarked;
