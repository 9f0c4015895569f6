// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.util.Collection;

/** Leads a machine to the moment at which one of its CPUs is about to execute one of some instructions. */
public final class Breakpoints {
    private Breakpoints() {}

    /** Whether a CPU that stopped is the one, at the moment, that was waited for. */
    @FunctionalInterface
    public interface Wanted {
        boolean is(int cpu) throws IOException;
    }

    /**
     * Lets the machine run until a CPU stands before one of the addresses and is the wanted one; any other is led past. No
     * breakpoint is left behind.
     *
     * @return false if none did in time; the machine stands still either way
     */
    public static boolean reach(GdbStub gdb, Collection<Long> addresses, Patience patience, Wanted wanted)
            throws IOException {
        set(gdb, addresses);
        try {
            while (true) {
                gdb.resume();
                int stopped = awaitStop(gdb, patience);
                if (wanted.is(stopped)) {
                    return true;
                }
                clear(gdb, addresses);
                gdb.step(stopped, patience.deadline());
                set(gdb, addresses);
            }
        } catch (MachineException.Late late) {
            gdb.interrupt();
            return false;
        } finally {
            clear(gdb, addresses);
        }
    }

    private static int awaitStop(GdbStub gdb, Patience patience) throws IOException {
        while (true) {
            try {
                return gdb.awaitStop(patience.deadline());
            } catch (MachineException.Late late) {
                if (patience.expired()) {
                    throw late;
                }
            }
        }
    }

    private static void set(GdbStub gdb, Collection<Long> addresses) throws IOException {
        for (long address : addresses) {
            gdb.setBreakpoint(address);
        }
    }

    private static void clear(GdbStub gdb, Collection<Long> addresses) throws IOException {
        for (long address : addresses) {
            gdb.clearBreakpoint(address);
        }
    }
}
