// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.Symbol;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.nmi.NmiEntry;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the words of memory that BPF programs exchange atomically, with what they call: whoever takes a lock does so, also where the
 * function that takes it is inlined. Some of these words are no locks.
 */
public final class ExchangedWords {
    private static final String PROGRAM = "bpf_prog_";
    private static final Duration STEP = Duration.ofSeconds(5);

    private static final Registers UNKNOWN = new Registers(0, Map.of());

    /** Of an instruction of x86-64. */
    private static final int LONGEST = 15;

    private final FrozenMachine frozen;
    private final Path consoleLog;

    /**
     * Prepares to look at a machine.
     *
     * @param consoleLog a temporary file, removed afterwards
     */
    public ExchangedWords(FrozenMachine frozen, Path consoleLog) {
        this.frozen = frozen;
        this.consoleLog = consoleLog;
    }

    /** Says where a walk ends. */
    @FunctionalInterface
    private interface End {
        boolean isAt(int steps, long address);
    }

    /**
     * What a walk has found.
     *
     * @param succeeded whether a counter of the anchor grew meanwhile: what fails may take no lock
     */
    public record Found(Set<Long> words, boolean succeeded) {
        public Found {
            words = Set.copyOf(words);
        }
    }

    /**
     * Returns those of the task, which takes a path again.
     *
     * @param counter of its successes
     */
    public Found inTask(SteppedPath path, String counter) throws IOException {
        try (VirtualMachine machine = standing();
                GdbStub gdb = machine.gdb()) {
            long before = count(machine, counter);
            Set<Long> words = walk(gdb, (steps, address) -> steps == path.length());
            return new Found(words, count(machine, counter) > before);
        } finally {
            Files.deleteIfExists(consoleLog);
        }
    }

    /**
     * Returns those of an NMI that interrupts the machine as it was frozen.
     *
     * @param most how many instructions it may have
     * @param counter of its successes
     * @return empty if it has more
     */
    public Optional<Found> inNmi(int most, String counter) throws IOException {
        try (VirtualMachine machine = standing();
                GdbStub gdb = machine.gdb()) {
            long before = count(machine, counter);
            int cpu = frozen.anchor().cpu();
            long interrupted = gdb.programCounter(cpu);
            if (new NmiEntry(machine, frozen.symbols())
                    .inject(gdb, cpu)
                    .interrupted()
                    .isEmpty()) {
                throw new MachineException("an NMI did not reach CPU " + cpu + " of the frozen machine");
            }
            Set<Long> words = walk(gdb, (steps, address) -> address == interrupted || steps == most);
            return gdb.programCounter(cpu) == interrupted
                    ? Optional.of(new Found(words, count(machine, counter) > before))
                    : Optional.empty();
        } finally {
            Files.deleteIfExists(consoleLog);
        }
    }

    private long count(VirtualMachine machine, String counter) throws IOException {
        return frozen.anchor().read(machine).getOrDefault(counter, 0L);
    }

    private VirtualMachine standing() throws IOException {
        return frozen.template().prepare(frozen.tools()).standing(consoleLog);
    }

    /** What comes before the first program and behind the last is the kernel's own. */
    private Set<Long> walk(GdbStub gdb, End end) throws IOException {
        int cpu = frozen.anchor().cpu();
        Set<Long> words = new HashSet<>();
        Set<Long> sinceProgram = new HashSet<>();
        Map<Long, byte[]> code = new HashMap<>();
        boolean begun = false;
        long address = gdb.programCounter(cpu);
        for (int steps = 0; !end.isAt(steps, address); steps++) {
            if (isOfProgram(address)) {
                begun = true;
                words.addAll(sinceProgram);
                sinceProgram.clear();
            }
            if (begun) {
                byte[] bytes = code.get(address);
                if (bytes == null) {
                    bytes = gdb.read(cpu, address, LONGEST);
                    code.put(address, bytes);
                }
                // The registers are read only where they matter.
                if (Arch.guest().exchanged(bytes, UNKNOWN).isPresent()) {
                    Arch.guest().exchanged(bytes, gdb.registers(cpu)).ifPresent(sinceProgram::add);
                }
            }
            address = gdb.step(cpu, 1, STEP).get(0);
        }
        return words;
    }

    private boolean isOfProgram(long address) {
        return frozen.symbols()
                .at(address)
                .map(Symbol::name)
                .filter(name -> name.startsWith(PROGRAM))
                .isPresent();
    }
}
