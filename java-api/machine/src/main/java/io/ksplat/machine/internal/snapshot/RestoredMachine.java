// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.Console;
import io.ksplat.machine.internal.qemu.HostTools;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.qemu.QemuCommandLine;
import io.ksplat.machine.internal.qemu.RamFile;
import io.ksplat.machine.internal.qemu.RunningQemu;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A machine that was restored from a saved state and stands still until it is woken. */
public final class RestoredMachine implements AutoCloseable {
    /** How long QEMU may take to end, so that its own words can be told. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** In the machine's folder. */
    private static final String OWN_RAM = "ram";

    private final MachineConfig config;
    private final RunningQemu qemu;
    private final boolean memoryIsFile;

    private RestoredMachine(MachineConfig config, RunningQemu qemu, boolean memoryIsFile) {
        this.config = config;
        this.qemu = qemu;
        this.memoryIsFile = memoryIsFile;
    }

    /**
     * Starts QEMU and gives it the state.
     *
     * @param config that of the machine whose state it is
     * @param ram that machine's memory; it stays as it is
     * @param state as {@link VirtualMachine#freeze} wrote it
     * @throws MachineException with QEMU's own words where it refuses the state
     */
    public static RestoredMachine restore(MachineConfig config, HostTools programs, Path ram, byte[] state)
            throws IOException {
        return restore(config, programs, new RamFile(ram, RamFile.Use.COPY), state);
    }

    /** As {@link #restore}, but what the guest writes goes to {@code ram}: such a machine can be frozen again. */
    public static RestoredMachine restoreIn(Path ram, MachineConfig config, HostTools programs, byte[] state)
            throws IOException {
        return restore(config, programs, new RamFile(ram, RamFile.Use.WRITE), state);
    }

    private static RestoredMachine restore(MachineConfig config, HostTools programs, RamFile ram, byte[] state)
            throws IOException {
        RunningQemu qemu = RunningQemu.start(
                programs, sockets -> QemuCommandLine.restore(programs.qemu(), config, sockets.calls(), ram));
        return taking(config, qemu, ram.use() == RamFile.Use.WRITE, () -> take(qemu, state));
    }

    /** Writes a machine's memory into a file of its size that is all zero. */
    @FunctionalInterface
    public interface Memory {
        void writeTo(Path ram) throws IOException;
    }

    /**
     * As {@link #restore(MachineConfig, HostTools, Path, byte[])}, but with a memory of its own, in the file {@code ram} of the machine's folder: such
     * a machine can be frozen again. The file goes with the machine.
     */
    public static RestoredMachine restoreOwn(MachineConfig config, HostTools programs, Memory memory, byte[] state)
            throws IOException {
        RunningQemu qemu = RunningQemu.start(
                programs,
                sockets -> QemuCommandLine.restore(
                        programs.qemu(),
                        config,
                        sockets.calls(),
                        new RamFile(sockets.beside(OWN_RAM), RamFile.Use.WRITE)));
        return taking(config, qemu, true, () -> {
            // Only now, so that the folder has a guard that removes it, whatever becomes of this process.
            memory.writeTo(qemu.ownFolder().resolve(OWN_RAM));
            take(qemu, state);
        });
    }

    /** What may fail while QEMU waits for a state. */
    @FunctionalInterface
    private interface Taking {
        void run() throws IOException;
    }

    private static RestoredMachine taking(MachineConfig config, RunningQemu qemu, boolean memoryIsFile, Taking taking)
            throws IOException {
        try {
            taking.run();
            return new RestoredMachine(config, qemu, memoryIsFile);
        } catch (IOException | RuntimeException e) {
            String reason = reason(qemu, e);
            qemu.close();
            throw new MachineException("QEMU did not take the saved state: " + reason, e);
        }
    }

    private static void take(RunningQemu qemu, byte[] state) throws IOException {
        Path socket = qemu.ownFolder().resolve("incoming");
        var taken = qemu.qmp().nextMigration();
        var capable = qemu.qmp().send("migrate-set-capabilities", RunningQemu.CAPABILITIES);
        qemu.qmp().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
        qemu.qmp().await("migrate-set-capabilities", capable);
        SavedState.send(state, socket);
        String status = qemu.qmp().await("restoring a machine's state", taken);
        if (!status.equals("completed")) {
            throw new MachineException("it failed");
        }
    }

    private static String reason(RunningQemu qemu, Exception e) {
        try {
            qemu.process().exit().get(LAST_WORDS.toMillis(), TimeUnit.MILLISECONDS);
            return qemu.process().lastWords();
        } catch (TimeoutException | ExecutionException stillThere) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return String.valueOf(e.getMessage());
        }
    }

    /**
     * Lets the machine go on where it was frozen. This object is used up then: the machine that comes back is to be closed.
     *
     * @param consoleLog where the console goes; it survives the machine
     * @param before what the machine said before it was frozen; the file begins with it
     */
    public VirtualMachine wake(Path consoleLog, byte[] before) throws IOException {
        VirtualMachine machine = machine(consoleLog, before);
        try {
            machine.resume();
            return machine;
        } catch (IOException | RuntimeException e) {
            machine.close();
            throw e;
        }
    }

    /** As {@link #wake}, but the machine goes on standing still: its next instruction is the one before which it was frozen. */
    public VirtualMachine standing(Path consoleLog) throws IOException {
        return machine(consoleLog, new byte[0]);
    }

    private VirtualMachine machine(Path consoleLog, byte[] before) throws IOException {
        try {
            return new VirtualMachine(config, qemu, Console.restored(qemu.console(), consoleLog, before), memoryIsFile);
        } catch (IOException | RuntimeException e) {
            qemu.close();
            throw e;
        }
    }

    /** Whether QEMU still runs; one may be killed while it stands still. */
    public boolean isAlive() {
        return !qemu.process().exit().isDone();
    }

    @Override
    public void close() throws IOException {
        qemu.close();
    }
}
