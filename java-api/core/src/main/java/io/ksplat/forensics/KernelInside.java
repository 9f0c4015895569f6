// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.guest.KernelFacts;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.GuestMemory;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Small things out of a kernel's data, for those who do not know its types. */
public final class KernelInside {
    private final KernelFacts facts;
    private final Symbols symbols;
    private final int cpus;

    public KernelInside(KernelFacts facts, Symbols symbols, int cpus) {
        this.facts = facts;
        this.symbols = symbols;
        this.cpus = cpus;
    }

    /** The task that a CPU runs, by its name and process id; empty where this kernel does not tell. */
    public Optional<String> task(GuestMemory memory, int cpu) {
        KernelData data = data(memory);
        OptionalLong task = data.currentTask(cpu);
        if (task.isEmpty()) {
            return Optional.empty();
        }
        OptionalLong pid = data.field(task.getAsLong(), "task_struct", "pid");
        OptionalLong comm = data.address(task.getAsLong(), "task_struct", "comm");
        return comm.isPresent() && pid.isPresent()
                ? data.text(comm.getAsLong()).map(name -> name + " (" + pid.getAsLong() + ")")
                : Optional.empty();
    }

    /** How many NMIs a CPU has handled (arch/x86/include/asm/hardirq.h); empty where this kernel does not tell. */
    public OptionalLong nmis(GuestMemory memory, int cpu) {
        KernelData data = data(memory);
        OptionalLong statistics = data.perCpu("irq_stat", cpu);
        if (statistics.isEmpty()) {
            return statistics;
        }
        OptionalLong own = data.address(statistics.getAsLong(), "irq_cpustat_t", "__nmi_count");
        // Since 7.2 an array, the one of NMIs its first (IRQ_COUNT_NMI).
        OptionalLong counter = own.isPresent() ? own : data.address(statistics.getAsLong(), "irq_cpustat_t", "counts");
        OptionalInt count = counter.isPresent() ? data.half(counter.getAsLong()) : OptionalInt.empty();
        return count.isPresent() ? OptionalLong.of(Integer.toUnsignedLong(count.getAsInt())) : OptionalLong.empty();
    }

    private KernelData data(GuestMemory memory) {
        return new KernelData(symbols, facts.btf(), memory, cpus);
    }
}
