// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.guest.Guest;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.Registers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Takes samples of a running machine until a CPU proves stuck. */
public final class HangWatch {
    private final Guest guest;
    private final Symbols symbols;
    private final long[] beats;
    private final long[] since;
    private final int[] samples;
    private final List<Set<String>> functions = new ArrayList<>();

    public HangWatch(Guest guest, Symbols symbols) {
        this.guest = guest;
        this.symbols = symbols;
        int cpus = guest.heartbeats().cpus();
        this.beats = new long[cpus];
        this.since = new long[cpus];
        this.samples = new int[cpus];
        for (int i = 0; i < cpus; i++) {
            functions.add(new HashSet<>());
        }
    }

    /** Takes one sample and names the CPUs that are stuck. */
    public List<Integer> sample() throws IOException {
        long[] now = guest.heartbeats().read();
        List<Registers> registers = guest.vm().registers();
        List<Integer> stuck = new ArrayList<>();
        for (Registers cpu : registers) {
            int i = cpu.cpu();
            if (now[i] != beats[i] || cpu.interruptsEnabled()) {
                beats[i] = now[i];
                since[i] = System.nanoTime();
                samples[i] = 0;
                functions.get(i).clear();
                continue;
            }
            samples[i]++;
            functions.get(i).add(symbols.at(cpu.rip()).map(Symbol::name).orElse("?"));
            if (samples[i] > 20 && functions.get(i).size() <= 4 && System.nanoTime() - since[i] > 1_000_000_000L) {
                stuck.add(i);
            }
        }
        return stuck;
    }
}
