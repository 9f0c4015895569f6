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
import java.util.function.Predicate;

/**
 * The instructions that a CPU executes from an anchor on, in single steps, while all other CPUs, interrupts and timers
 * stand still. This makes the path the same each time. A machine can be restored at each instruction.
 *
 * <p>Stepping to a point takes a time that grows with its distance. So the machine of the first walk is saved as a
 * keyframe every {@value #SPACING} instructions, and the machine of a point is restored from the last keyframe before
 * it. A keyframe keeps only the memory that differs from the anchor's.
 */
public final class SteppedPath {
    private static final int SPACING = 64;
    private static final Duration STEP = Duration.ofSeconds(5);

    private final Template anchor;
    private final HostTools tools;
    private final Symbols symbols;
    private final int cpu;
    private final List<Long> addresses = new ArrayList<>();
    private final List<Keyframe> keyframes = new ArrayList<>();

    private SteppedPath(Template anchor, HostTools tools, Symbols symbols, int cpu) {
        this.anchor = anchor;
        this.tools = tools;
        this.symbols = symbols;
        this.cpu = cpu;
    }

    /** The state of the machine after a multiple of {@value #SPACING} instructions. */
    private static final class Keyframe {
        private final byte[] state;
        private final List<MemoryDelta.Patch> memory;

        Keyframe(byte[] state, List<MemoryDelta.Patch> memory) {
            this.state = state;
            this.memory = memory;
        }
    }

    /** A machine that continues after an injected NMI, and where the NMI landed. */
    public record Injection(VirtualMachine machine, Landing landing) {}

    /** Reads the memory of the paused machine, as seen by the stepped CPU. */
    @FunctionalInterface
    public interface Look {
        void at(GuestMemory memory) throws IOException;
    }

    /**
     * Steps through the path once.
     *
     * @param symbols the symbols of the frozen machine, including JITed programs
     * @param cpu the CPU that stopped at the anchor
     * @param length the number of instructions
     * @param folder must have room for the machine's memory
     */
    public static SteppedPath walk(
            Template anchor, HostTools tools, Symbols symbols, int cpu, int length, Path folder, Progress progress)
            throws IOException {
        return walk(
                anchor, tools, symbols, cpu, new Extent(length, addresses -> false, machine -> {}), folder, progress);
    }

    /**
     * How far to step.
     *
     * @param most the largest number of instructions
     * @param ends tells from all addresses so far whether the last one is the first behind the path
     * @param atEnd sees the machine that stands there
     */
    public record Extent(int most, Predicate<List<Long>> ends, AtEnd atEnd) {}

    /** Looks at the machine that stands at the end of the path. */
    @FunctionalInterface
    public interface AtEnd {
        void see(VirtualMachine machine) throws IOException;
    }

    /** Steps through the path once, until it ends. */
    public static SteppedPath walk(
            Template anchor, HostTools tools, Symbols symbols, int cpu, Extent extent, Path folder, Progress progress)
            throws IOException {
        SteppedPath path = new SteppedPath(anchor, tools, symbols, cpu);
        Path ram = folder.resolve("path.ram");
        Path log = folder.resolve("path.log");
        Files.deleteIfExists(ram);
        try (VirtualMachine machine = anchor.prepareIn(ram, tools).standing(log)) {
            MemoryDelta memory = new MemoryDelta(anchor.ram(), ram);
            // QEMU keeps the file open, so it disappears when the machine ends, also if ksplat is killed.
            Files.delete(ram);
            path.walk(machine, memory, folder.resolve("path.state"), extent, progress);
        }
        Files.delete(log);
        return path;
    }

    private void walk(VirtualMachine machine, MemoryDelta memory, Path state, Extent extent, Progress progress)
            throws IOException {
        GdbStub gdb = machine.gdb();
        try {
            addresses.add(gdb.programCounter(cpu));
            boolean ended = false;
            int length = extent.most();
            while (!ended && length() < length) {
                for (long next : step(gdb, length(), Math.min(SPACING, length - length()))) {
                    if (!ended) {
                        addresses.add(next);
                        ended = extent.ends().test(addresses);
                    }
                }
                if (!ended && length() % SPACING == 0) {
                    progress.report(
                            "walking: " + length() + " of " + length + " instructions", (double) length() / length);
                    gdb.close();
                    machine.freeze(state);
                    keyframes.add(new Keyframe(Files.readAllBytes(state), memory.now()));
                    gdb = machine.gdb();
                }
            }
            extent.atEnd().see(machine);
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
                    "CPU " + cpu + " does not advance between the instructions " + from + " and " + (from + count)
                            + " after the anchor (" + where(Math.min(from, length())) + " is the first of them): "
                            + late.getMessage(),
                    late);
        }
    }

    /** Returns the number of instructions. */
    public int length() {
        return addresses.size() - 1;
    }

    /** Returns the address of the instruction that the CPU executes after {@code n} others. */
    public long address(int n) {
        return addresses.get(n);
    }

    private String where(int n) {
        return Aim.where(symbols, address(n));
    }

    /**
     * Injects an NMI after {@code n} instructions and lets the machine continue.
     *
     * @param look runs before the NMI
     * @param consoleLog receives the console from here on
     * @throws MachineException if the NMI did not land at exactly that instruction
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

    private RestoredMachine restore(int keyframe) throws IOException {
        return keyframe == 0 ? anchor.prepare(tools) : anchor.prepare(tools, keyframes.get(keyframe - 1).state);
    }

    /**
     * Returns the paused machine after {@code n} instructions.
     *
     * @param consoleLog receives the console, which stays empty
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

    /** A paused machine, for reading its memory and registers. */
    public final class PausedMachine implements AutoCloseable {
        private final VirtualMachine machine;
        private final GdbStub gdb;

        private PausedMachine(VirtualMachine machine, GdbStub gdb) {
            this.machine = machine;
            this.gdb = gdb;
        }

        /** Returns the memory, as seen by the stepped CPU. */
        public GuestMemory memory() {
            return SteppedPath.this.memory(gdb);
        }

        /** Returns the registers of the stepped CPU. */
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

    /** Steps from the keyframe to instruction {@code n} and returns its address. */
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
                    + " the first time and is at " + Aim.where(symbols, here) + " now: the path is not reproducible");
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
