// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/** Stops where the kernel's handling of an NMI begins: there it is seen which CPU the NMI reached, and what it interrupted. */
public final class NmiEntry {
    private static final Duration ARRIVAL = Duration.ofSeconds(1);

    private final VirtualMachine vm;
    private final long address;

    /** @throws MachineException if the kernel has no such place */
    public NmiEntry(VirtualMachine vm, Symbols symbols) throws MachineException {
        this.vm = vm;
        this.address = symbols.address(Arch.guest().nmiEntrySymbol())
                .orElseThrow(() -> new MachineException("this kernel has no symbol "
                        + Arch.guest().nmiEntrySymbol() + ": the arrival of an NMI cannot be seen"));
    }

    /**
     * An NMI's arrival.
     *
     * @param interrupted the instruction that the CPU will go on with after the NMI; empty if none reached that CPU
     * @param others the other CPUs that an NMI had reached until then
     */
    public record Arrival(OptionalLong interrupted, Set<Integer> others) {}

    /** Injects an NMI into a machine that stands still, and runs it up to where a CPU has taken it. */
    public Arrival inject(GdbStub gdb, int cpu) throws IOException {
        Set<Integer> others = new TreeSet<>();
        vm.injectNmi();
        Patience patience = Patience.of(vm.config().accelerator().scale(ARRIVAL), vm::starvedNanos);
        boolean reached = Breakpoints.reach(gdb, List.of(address), patience, stopped -> {
            if (stopped != cpu) {
                others.add(stopped);
            }
            return stopped == cpu;
        });
        return new Arrival(reached ? OptionalLong.of(interrupted(gdb, cpu)) : OptionalLong.empty(), others);
    }

    private static long interrupted(GdbStub gdb, int cpu) throws IOException {
        return Arch.guest()
                .interruptedInstruction(gdb.registers(cpu), (address, length) -> gdb.read(cpu, address, length));
    }
}
