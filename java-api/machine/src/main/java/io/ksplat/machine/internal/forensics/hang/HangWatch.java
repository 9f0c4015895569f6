// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Samples a machine that runs, heartbeats, registers and the run time of its vCPUs, and tells what they show. */
public final class HangWatch {
    private final VirtualMachine machine;
    private final Heartbeats heartbeats;
    private final Symbols symbols;
    private final List<Long> threads;
    private final HangDetector detector;

    public HangWatch(Guest guest, Symbols symbols) throws IOException {
        this(guest.vm(), guest.heartbeats(), symbols, 1);
    }

    /**
     * Of a machine whose agent nobody asks.
     *
     * @param patience how long a CPU is watched before it counts as stuck: 1, or less of it where the caller knows more
     */
    public HangWatch(VirtualMachine machine, Heartbeats heartbeats, Symbols symbols, double patience)
            throws IOException {
        this.machine = machine;
        this.heartbeats = heartbeats;
        this.symbols = symbols;
        this.threads = machine.cpuThreads();
        this.detector = new HangDetector(
                HangThresholds.under(machine.config().accelerator()).scaledBy(patience));
    }

    /** Takes one sample, without stopping the machine. */
    public Diagnosis sample() throws IOException {
        long[] beats = heartbeats.read();
        List<Sample.Cpu> cpus = new ArrayList<>();
        for (Registers registers : machine.registers()) {
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
                    machine.ranNanos(threads.get(cpu)),
                    Arch.guest().generalRegisters().stream().map(registers::get).toList()));
        }
        return detector.observe(new Sample(System.nanoTime(), cpus));
    }
}
