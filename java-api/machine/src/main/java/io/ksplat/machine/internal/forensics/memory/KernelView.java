// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.evidence.Task;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.forensics.locks.HeldLocks;
import io.ksplat.machine.internal.forensics.locks.Locks;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Small things out of a kernel's data, for those who do not know its types. */
public final class KernelView {
    private final KernelInfo facts;
    private final Symbols symbols;
    private final int cpus;

    public KernelView(KernelInfo facts, Symbols symbols, int cpus) {
        this.facts = facts;
        this.symbols = symbols;
        this.cpus = cpus;
    }

    /** The task that a CPU runs, by its name and process id; empty where this kernel does not tell. */
    public Optional<Task> task(GuestMemory memory, int cpu) {
        KernelData data = data(memory);
        OptionalLong task = data.currentTask(cpu);
        if (task.isEmpty()) {
            return Optional.empty();
        }
        return new Tasks(data).named(task.getAsLong());
    }

    /** Whether lockdep keeps books of what tasks hold. */
    public boolean hasLockdep() {
        return HeldLocks.areKept(facts.btf());
    }

    /** The locks that the task on a CPU holds, by lockdep's names, the first taken first. */
    public List<String> heldLocks(GuestMemory memory, int cpu) {
        KernelData data = data(memory);
        OptionalLong task = data.currentTask(cpu);
        return task.isEmpty()
                ? List.of()
                : new HeldLocks(data)
                        .of(task.getAsLong()).stream()
                                .map(entry -> entry.ref().name())
                                .toList();
    }

    /** The name of the spin lock at an address, where its word says that somebody holds it; empty where nobody does. */
    public Optional<String> heldSpinLock(GuestMemory memory, long address) {
        return new Locks(data(memory))
                .heldAt(address, SpinLockKind.SPIN)
                .map(lock -> lock.ref().name());
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
