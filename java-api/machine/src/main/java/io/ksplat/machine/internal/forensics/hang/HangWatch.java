// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.hang;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Samples heartbeats, registers and vCPU run times of a running machine, and returns what they show. */
public final class HangWatch implements OutsideView.Sampler {
    private final VirtualMachine machine;
    private final Heartbeats heartbeats;
    private final Symbols symbols;
    private final List<Long> threads;
    private final HangDetector detector;
    private Optional<Sample> last = Optional.empty();

    public HangWatch(Guest guest, Symbols symbols) throws IOException {
        this(guest.vm(), guest.heartbeats(), symbols, 1);
    }

    /**
     * Watches a machine whose agent is not used.
     *
     * @param scale multiplies the {@link HangThresholds}: 1, or less if the caller knows more
     */
    public HangWatch(VirtualMachine machine, Heartbeats heartbeats, Symbols symbols, double scale) throws IOException {
        this.machine = machine;
        this.heartbeats = heartbeats;
        this.symbols = symbols;
        this.threads = machine.cpuThreads();
        this.detector = new HangDetector(
                HangThresholds.under(machine.config().accelerator()).scaledBy(scale));
    }

    @Override
    public Diagnosis sample() throws IOException {
        long[] beats = heartbeats.read();
        List<Sample.Cpu> cpus = new ArrayList<>();
        for (Registers registers : machine.registers()) {
            int cpu = registers.cpu();
            if (cpu >= beats.length) {
                // Offline, for example with maxcpus=1: it has no heartbeat and cannot hang.
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
        Sample sample = new Sample(System.nanoTime(), cpus);
        last = Optional.of(sample);
        return detector.observe(sample);
    }

    @Override
    public Optional<Sample> last() {
        return last;
    }
}
