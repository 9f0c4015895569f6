// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

/** The connections to a machine that runs elsewhere, each to a port of its own. */
public enum Channel {
    /** To ksplat-guard: QEMU lives as long as this one. */
    GUARD(-1),
    /** QEMU's machine protocol. */
    QMP(10),
    /** The guest's serial console. */
    CONSOLE(11),
    /** The agent's port in the guest. */
    AGENT(12),
    /** QEMU's gdbstub: nobody answers before {@link VirtualMachine#gdb} was called. */
    GDB(13);

    /** native/src/guard.c: the command inherits all listening sockets but the first, from 10 on. */
    private final int descriptor;

    Channel(int descriptor) {
        this.descriptor = descriptor;
    }

    /** The descriptor on which QEMU listens. */
    int descriptor() {
        if (this == GUARD) {
            throw new IllegalArgumentException("the guard's own socket is not QEMU's");
        }
        return descriptor;
    }
}
