// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A machine that was restored from a saved state and stands still until it is woken. */
public final class StandBy implements AutoCloseable {
    /** How long QEMU may take to end, so that its own words can be told. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private final MachineConfig config;
    private final RunningQemu qemu;

    private StandBy(MachineConfig config, RunningQemu qemu) {
        this.config = config;
        this.qemu = qemu;
    }

    /**
     * Starts QEMU and gives it the state.
     *
     * @param config that of the machine whose state it is
     * @param ram that machine's memory; it stays as it is
     * @param state as {@link VirtualMachine#freeze} wrote it
     * @throws MachineException with QEMU's own words where it refuses the state
     */
    public static StandBy restore(MachineConfig config, Programs programs, Path ram, byte[] state) throws IOException {
        RunningQemu qemu = RunningQemu.start(
                programs,
                sockets -> QemuCommandLine.restore(
                        programs.qemu(), config, sockets.calls(), new RamFile(ram, RamFile.Use.COPY)));
        try {
            take(qemu, state);
            return new StandBy(config, qemu);
        } catch (IOException | RuntimeException e) {
            String reason = reason(qemu, e);
            qemu.close();
            throw new MachineException("QEMU did not take the saved state: " + reason, e);
        }
    }

    private static void take(RunningQemu qemu, byte[] state) throws IOException {
        Path socket = qemu.folder().resolve("incoming");
        var capable = qemu.qmp().send("migrate-set-capabilities", RunningQemu.CAPABILITIES);
        qemu.qmp().execute("migrate-incoming", Map.of("uri", "unix:" + socket));
        qemu.qmp().await("migrate-set-capabilities", capable);
        SavedState.send(state, socket);
        String status =
                qemu.qmp().await("restoring a machine's state", qemu.qmp().migration());
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
        try {
            VirtualMachine machine =
                    new VirtualMachine(config, qemu, new Console(qemu.console(), consoleLog, before), false);
            machine.resume();
            return machine;
        } catch (IOException | RuntimeException e) {
            qemu.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        qemu.close();
    }
}
