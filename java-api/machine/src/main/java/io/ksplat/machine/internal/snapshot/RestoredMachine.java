// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.Bounds;
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
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A machine that was restored from a saved state and is stopped until it is woken. */
public final class RestoredMachine implements AutoCloseable {
    /** The time limit for QEMU to end, so that its message can be reported. */
    private static final Duration EXIT = Duration.ofSeconds(1);

    /** The file of its memory in the machine's folder. */
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
     * Starts QEMU and sends it the state.
     *
     * @param config of the machine whose state it is
     * @param ram that machine's memory, which is not changed
     * @param state as {@link VirtualMachine#freeze} wrote it
     * @throws MachineException with QEMU's message if it refuses the state
     */
    public static RestoredMachine restore(MachineConfig config, HostTools tools, Path ram, byte[] state)
            throws IOException {
        return restore(config, tools, new RamFile(ram, RamFile.Use.COPY), state);
    }

    /** Does the same as {@link #restore}, but the guest writes to {@code ram}, so that the machine can be frozen again. */
    public static RestoredMachine restoreIn(Path ram, MachineConfig config, HostTools tools, byte[] state)
            throws IOException {
        return restore(config, tools, new RamFile(ram, RamFile.Use.WRITE), state);
    }

    private static RestoredMachine restore(MachineConfig config, HostTools tools, RamFile ram, byte[] state)
            throws IOException {
        RunningQemu qemu = RunningQemu.start(
                tools,
                Bounds.ofRestore(config, tools, Optional.of(ram)),
                sockets -> QemuCommandLine.restore(tools.qemu(), config, sockets.calls(), ram));
        return load(config, qemu, ram.use() == RamFile.Use.WRITE, () -> send(qemu, state));
    }

    /** Writes a machine's memory into a file of the same size that is all zero. */
    @FunctionalInterface
    public interface Memory {
        void writeTo(Path ram) throws IOException;
    }

    /**
     * Does the same as {@link #restore(MachineConfig, HostTools, Path, byte[])}, but with its own memory, in a file of the
     * machine's folder, so that the machine can be frozen again. The file is removed with the machine.
     */
    public static RestoredMachine restoreOwn(MachineConfig config, HostTools tools, Memory memory, byte[] state)
            throws IOException {
        RunningQemu qemu = RunningQemu.start(
                tools,
                Bounds.ofRestore(config, tools, Optional.empty()),
                sockets -> QemuCommandLine.restore(
                        tools.qemu(),
                        config,
                        sockets.calls(),
                        new RamFile(sockets.beside(OWN_RAM), RamFile.Use.WRITE)));
        return load(config, qemu, true, () -> {
            // Only now: from here on the guard removes the folder, also if this process is killed.
            memory.writeTo(qemu.ownFolder().resolve(OWN_RAM));
            send(qemu, state);
        });
    }

    /** A step that may fail while QEMU waits for a state. */
    @FunctionalInterface
    private interface Loading {
        void run() throws IOException;
    }

    private static RestoredMachine load(MachineConfig config, RunningQemu qemu, boolean memoryIsFile, Loading loading)
            throws IOException {
        try {
            loading.run();
            return new RestoredMachine(config, qemu, memoryIsFile);
        } catch (IOException | RuntimeException e) {
            String reason = reason(qemu, e);
            qemu.close();
            throw new MachineException("QEMU did not accept the saved state: " + reason, e);
        }
    }

    private static void send(RunningQemu qemu, byte[] state) throws IOException {
        Path socket = qemu.ownFolder().resolve("incoming");
        var loaded = qemu.qmp().nextMigration();
        var capable = qemu.qmp().send("migrate-set-capabilities", RunningQemu.CAPABILITIES);
        qemu.qmp().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
        qemu.qmp().await("migrate-set-capabilities", capable);
        SavedState.send(state, socket);
        String status = qemu.qmp().await("restoring the machine's state", loaded);
        if (!status.equals("completed")) {
            throw new MachineException("its migration failed");
        }
    }

    private static String reason(RunningQemu qemu, Exception e) {
        try {
            qemu.process().exit().get(EXIT.toMillis(), TimeUnit.MILLISECONDS);
            return qemu.process().exitMessage();
        } catch (TimeoutException | ExecutionException stillThere) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return String.valueOf(e.getMessage());
        }
    }

    /**
     * Resumes the machine. From then on close the machine that is returned instead of this object.
     *
     * @param consoleLog the file for the console's output; it is kept when the machine ends
     * @param before the console's output before the machine was frozen; the file begins with it
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

    /** Does the same as {@link #wake}, but leaves the machine stopped before the instruction at which it was frozen. */
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

    /** Returns whether QEMU still runs: it may be killed while the machine is stopped. */
    public boolean isAlive() {
        return !qemu.process().exit().isDone();
    }

    @Override
    public void close() throws IOException {
        qemu.close();
    }
}
