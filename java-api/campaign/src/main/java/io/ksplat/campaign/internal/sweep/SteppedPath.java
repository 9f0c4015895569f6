// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Aim;
import io.ksplat.machine.Landing;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.nmi.NmiEntry;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import io.ksplat.machine.internal.snapshot.RestoredMachine;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The instructions that a CPU executes from an anchor on, one by one, while all other CPUs, interrupts and timers stand still: so
 * that it is the same way each time. The machine can be had again before each of them.
 *
 * <p>Stepping takes a machine to a point in a time that grows with its distance. So the one that walks the way first is frozen every
 * {@value #SPACING} instructions, and a machine for a point is restored from the last place before it. What a place keeps of the
 * memory is only what differs from the anchor's.
 */
public final class SteppedPath {
    private static final int SPACING = 64;
    private static final Duration STEP = Duration.ofSeconds(5);

    private final Template anchor;
    private final HostTools programs;
    private final Symbols symbols;
    private final int cpu;
    private final List<Long> addresses = new ArrayList<>();
    private final List<Keyframe> keyframes = new ArrayList<>();

    private SteppedPath(Template anchor, HostTools programs, Symbols symbols, int cpu) {
        this.anchor = anchor;
        this.programs = programs;
        this.symbols = symbols;
        this.cpu = cpu;
    }

    /** The machine after so many instructions. */
    private static final class Keyframe {
        private final byte[] state;
        private final List<MemoryDelta.Patch> memory;

        Keyframe(byte[] state, List<MemoryDelta.Patch> memory) {
            this.state = state;
            this.memory = memory;
        }
    }

    /** A machine that runs on after an NMI was injected, and where it landed. */
    public record Injection(VirtualMachine machine, Landing landing) {}

    /** Looks at the memory of the machine that stands before an instruction, as the CPU that walks sees it. */
    @FunctionalInterface
    public interface Look {
        void at(GuestMemory memory) throws IOException;
    }

    /**
     * Walks it once.
     *
     * @param symbols the frozen machine's, JITed programs included
     * @param cpu the CPU that stands at the anchor
     * @param length how many instructions
     * @param folder on a disk that has room for the machine's memory
     */
    public static SteppedPath walk(
            Template anchor, HostTools programs, Symbols symbols, int cpu, int length, Path folder, Progress progress)
            throws IOException {
        SteppedPath path = new SteppedPath(anchor, programs, symbols, cpu);
        Path ram = folder.resolve("path.ram");
        Path log = folder.resolve("path.log");
        Files.deleteIfExists(ram);
        try (VirtualMachine machine = anchor.prepareIn(ram, programs).standing(log)) {
            MemoryDelta memory = new MemoryDelta(anchor.ram(), ram);
            // QEMU has it open: so it goes with the machine, whatever ends that.
            Files.delete(ram);
            path.walk(machine, memory, folder.resolve("path.state"), length, progress);
        }
        Files.delete(log);
        return path;
    }

    private void walk(VirtualMachine machine, MemoryDelta memory, Path state, int length, Progress progress)
            throws IOException {
        GdbStub gdb = machine.gdb();
        try {
            addresses.add(gdb.programCounter(cpu));
            while (length() < length) {
                addresses.addAll(step(gdb, length(), Math.min(SPACING, length - length())));
                if (length() % SPACING == 0) {
                    progress.report(
                            "walking: " + length() + " of " + length + " instructions", (double) length() / length);
                    gdb.close();
                    machine.freeze(state);
                    keyframes.add(new Keyframe(Files.readAllBytes(state), memory.now()));
                    gdb = machine.gdb();
                }
            }
        } finally {
            gdb.close();
            Files.deleteIfExists(state);
        }
    }

    private List<Long> step(GdbStub gdb, int from, int count) throws IOException {
        try {
            return gdb.step(cpu, count, STEP);
        } catch (MachineException.Late late) {
            throw new MachineException(
                    "CPU " + cpu + " does not go on between the instructions " + from + " and " + (from + count)
                            + " after the anchor (" + where(Math.min(from, length())) + " is the first of them): "
                            + late.getMessage(),
                    late);
        }
    }

    /** How many instructions it is long. */
    public int length() {
        return addresses.size() - 1;
    }

    /** The instruction that the CPU executes after {@code n} others. */
    public long address(int n) {
        return addresses.get(n);
    }

    private String where(int n) {
        return Aim.where(symbols, address(n));
    }

    /**
     * Injects an NMI after {@code n} instructions, and lets the machine run.
     *
     * @param look comes before the NMI
     * @param consoleLog gets what the machine says from here on
     * @throws MachineException where the NMI did not land just there
     */
    public Injection inject(int n, Look look, Path consoleLog) throws IOException {
        VirtualMachine machine = restore(n / SPACING).standing(consoleLog);
        try {
            Landing landing = inject(machine, n, look);
            return new Injection(machine, landing);
        } catch (IOException | RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    private RestoredMachine restore(int place) throws IOException {
        return place == 0 ? anchor.prepare(programs) : anchor.prepare(programs, keyframes.get(place - 1).state);
    }

    /**
     * The machine after {@code n} instructions, standing still, to be looked at.
     *
     * @param consoleLog gets what the machine says, which is nothing
     */
    public PausedMachine pauseAt(int n, Path consoleLog) throws IOException {
        VirtualMachine machine = restore(n / SPACING).standing(consoleLog);
        try {
            GdbStub gdb = machine.gdb();
            stepTo(gdb, n);
            return new PausedMachine(machine, gdb);
        } catch (IOException | RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    /** A machine that nobody lets go on. */
    public final class PausedMachine implements AutoCloseable {
        private final VirtualMachine machine;
        private final GdbStub gdb;

        private PausedMachine(VirtualMachine machine, GdbStub gdb) {
            this.machine = machine;
            this.gdb = gdb;
        }

        /** As the CPU that walks sees it. */
        public GuestMemory memory() {
            return SteppedPath.this.memory(gdb);
        }

        /** That CPU's. */
        public Registers registers() throws IOException {
            return gdb.registers(cpu);
        }

        @Override
        public void close() throws IOException {
            try (machine) {
                gdb.close();
            }
        }
    }

    private GuestMemory memory(GdbStub gdb) {
        return (address, length) -> gdb.read(cpu, address, length);
    }

    /** From the place where it was restored on. */
    private long stepTo(GdbStub gdb, int n) throws IOException {
        if (n >= SPACING) {
            for (MemoryDelta.Patch patch : keyframes.get(n / SPACING - 1).memory) {
                patch.writeTo(gdb);
            }
        }
        step(gdb, n / SPACING * SPACING, n % SPACING);
        long here = gdb.programCounter(cpu);
        if (here != address(n)) {
            throw new MachineException("after " + n + " instructions CPU " + cpu + " was at " + where(n)
                    + " the first time and is at " + Aim.where(symbols, here) + " now: the path is not the same twice");
        }
        return here;
    }

    private Landing inject(VirtualMachine machine, int n, Look look) throws IOException {
        try (GdbStub gdb = machine.gdb()) {
            long here = stepTo(gdb, n);
            look.at(memory(gdb));
            OptionalLong interrupted =
                    new NmiEntry(machine, symbols).inject(gdb, cpu).interrupted();
            if (interrupted.isEmpty() || interrupted.getAsLong() != here) {
                throw new MachineException("an NMI injected at " + where(n) + " on CPU " + cpu
                        + (interrupted.isEmpty()
                                ? " did not arrive there"
                                : " landed at " + Aim.where(symbols, interrupted.getAsLong())));
            }
            gdb.detach();
            return new Landing(cpu, here, where(n), Optional.empty(), System.nanoTime());
        }
    }
}
