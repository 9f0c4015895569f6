// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.evidence.Frame;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.unwind.ContextStack;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** Tells whether a CPU that stands still was led there by one of some functions. */
public final class Callers {
    private final Set<String> names;
    private final Unwinder unwinder;

    /**
     * Prepares to unwind the stacks of a machine that stands still.
     *
     * @throws IOException if this kernel's stacks cannot be unwound
     */
    public Callers(Set<String> names, Kernel kernel, Symbols symbols, GdbStub gdb) throws IOException {
        this.names = names;
        try {
            OrcTable table = kernel.vmlinux().isPresent()
                    ? OrcTable.ofVmlinux(kernel.vmlinux().get())
                    : OrcTable.read((address, length) -> gdb.read(0, address, length), symbols);
            this.unwinder = new Unwinder(symbols, table);
        } catch (IllegalArgumentException e) {
            throw new IOException("cannot tell who called: " + e.getMessage(), e);
        }
    }

    /** Returns whether one of them is among the callers of the function that a CPU is in; what an interrupt interrupted has not called it. */
    public boolean lead(GdbStub gdb, int cpu) throws IOException {
        GuestMemory memory = (address, length) -> gdb.read(cpu, address, length);
        List<ContextStack> contexts = unwinder.contexts(gdb.registers(cpu), memory);
        return !contexts.isEmpty()
                && contexts.get(0).steps().stream()
                        .skip(1)
                        .map(StackWalk.Step::frame)
                        .anyMatch(this::isOne);
    }

    private boolean isOne(Frame frame) {
        return names.contains(frame.function()) || names.contains(SymbolNames.base(frame));
    }
}
