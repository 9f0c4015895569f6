// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.guest.Guest;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.Registers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Samples a machine that runs, heartbeats, registers and the run time of its vCPUs, and tells what they show. */
public final class HangWatch {
    private final Guest guest;
    private final Symbols symbols;
    private final List<Long> threads;
    private final HangDetector detector = new HangDetector(Patience.TCG);

    public HangWatch(Guest guest, Symbols symbols) throws IOException {
        this.guest = guest;
        this.symbols = symbols;
        this.threads = guest.vm().cpuThreads();
    }

    /** Takes one sample, without stopping the machine. */
    public Diagnosis sample() throws IOException {
        long[] beats = guest.heartbeats().read();
        List<Sample.Cpu> cpus = new ArrayList<>();
        for (Registers registers : guest.vm().registers()) {
            int cpu = registers.cpu();
            if (cpu >= beats.length) {
                // Offline (maxcpus=1, say): no heart beats there, and nothing can hang.
                continue;
            }
            cpus.add(new Sample.Cpu(
                    cpu,
                    beats[cpu],
                    registers.rip(),
                    registers.interruptsEnabled(),
                    symbols.at(registers.rip()).map(Symbol::name),
                    ranNs(threads.get(cpu))));
        }
        return detector.observe(new Sample(System.nanoTime(), cpus));
    }

    /** The processor time of a host thread: a starved or stopped vCPU has none (Documentation/scheduler/sched-stats.rst). */
    private static OptionalLong ranNs(long thread) throws IOException {
        try {
            String line = Files.readString(Path.of("/proc", Long.toString(thread), "schedstat"));
            long ns = Long.parseLong(line.substring(0, line.indexOf(' ')));
            // A kernel without CONFIG_SCHED_INFO prints zeros.
            return ns == 0 ? OptionalLong.empty() : OptionalLong.of(ns);
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        }
    }
}
