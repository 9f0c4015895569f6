// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

/** The connections to a machine that runs elsewhere, each on its own port. */
public enum Channel {
    /** To ksplat-guard: QEMU ends when this connection ends. */
    GUARD(-1),
    /** QEMU's machine protocol. */
    QMP(10),
    /** The guest's serial console. */
    CONSOLE(11),
    /** The agent's port in the guest. */
    AGENT(12),
    /** QEMU's gdbstub, which answers only after {@link VirtualMachine#gdb} was called. */
    GDB(13);

    /** native/src/guard.c: the command inherits all listening sockets except the first, starting at descriptor 10. */
    private final int descriptor;

    Channel(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Returns the descriptor on which QEMU listens. */
    int descriptor() {
        if (this == GUARD) {
            throw new IllegalArgumentException("QEMU does not inherit the guard's own socket");
        }
        return descriptor;
    }
}
