// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Nmi;
import io.ksplat.machine.internal.Poll;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/** Counts the NMIs that a guest's CPUs handle, by the kernel's own counters, from outside and without stopping it. */
public final class NmiCounter {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Nmi nmi;
    private final long before;

    public NmiCounter(Nmi nmi) throws IOException {
        this.nmi = nmi;
        this.before = total();
    }

    /** Since this tally was made. */
    public long taken() throws IOException {
        return total() - before;
    }

    private long total() throws IOException {
        Optional<Long> told = nmi.takenInside();
        if (told.isPresent()) {
            return told.get();
        }
        long sum = 0;
        for (int cpu = 0; cpu < nmi.cpus(); cpu++) {
            sum += nmis(cpu);
        }
        return sum;
    }

    /** Where all CPUs are in user mode just now, none may map the kernel: a moment later one does. */
    private long nmis(int cpu) throws IOException {
        Deadline deadline = Deadline.in(PATIENCE);
        OptionalLong count = nmi.view().nmis(nmi.vm()::readVirtual, cpu);
        while (count.isEmpty() && !deadline.expired()) {
            Poll.pause();
            count = nmi.view().nmis(nmi.vm()::readVirtual, cpu);
        }
        return count.orElseThrow(() -> new MachineException("this kernel does not tell how many NMIs it has handled: "
                + "no irq_stat in its symbols, or an irq_cpustat_t of a form that is not known"));
    }
}
