// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.MachineException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QEMU of a {@link QemuLauncher}: it ends with this process's connection to its guard. */
final class RemoteQemu implements QemuProcess {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteQemu.class);

    /** The time limit for an answer of the guard, which waits for nothing else. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** What the guard sends before the status when QEMU has ended (native/src/guard.c). */
    private static final String ENDED = "ended ";

    private static final String SCHEDSTAT = "schedstat ";

    /** The exit status if the guard is gone: 125 is the guard's own failure. */
    private static final int GUARD_GONE = 125;

    private final QemuLauncher.Running running;
    private final SocketChannel guard;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private final Map<Long, CompletableFuture<String>> asked = new ConcurrentHashMap<>();

    RemoteQemu(QemuLauncher.Running running, SocketChannel guard) {
        this.running = running;
        this.guard = guard;
        Thread reader = new Thread(this::read, "ksplat-guard");
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines = new BufferedReader(Channels.newReader(guard, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                handle(line);
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("reading the guard's output", e);
        }
        exit.complete(GUARD_GONE);
        asked.values().forEach(answer -> answer.completeExceptionally(gone()));
    }

    private void handle(String line) {
        if (line.startsWith(ENDED)) {
            exit.complete(Integer.parseInt(line.substring(ENDED.length())));
        } else if (line.startsWith(SCHEDSTAT)) {
            int space = line.indexOf(' ', SCHEDSTAT.length());
            CompletableFuture<String> answer = asked.remove(Long.parseLong(line.substring(SCHEDSTAT.length(), space)));
            if (answer != null) {
                answer.complete(line.substring(space + 1));
            }
        }
    }

    private static MachineException gone() {
        return new MachineException.Gone("the machine's guard is gone, and QEMU with it");
    }

    @Override
    public CompletableFuture<Integer> exit() {
        return exit;
    }

    @Override
    public String exitMessage() {
        try {
            return QemuProcess.exitMessage(running.stderr(), exit);
        } catch (IOException e) {
            return "(cannot read its stderr: " + e.getMessage() + ")";
        }
    }

    @Override
    public long keep() throws IOException {
        throw new MachineException("cannot keep a machine that does not run on this host: it ends with ksplat");
    }

    @Override
    public boolean isKept() {
        return false;
    }

    @Override
    public synchronized String schedstat(long thread) throws IOException {
        CompletableFuture<String> answer = new CompletableFuture<>();
        asked.put(thread, answer);
        // Checked after the entry is visible, so that a reader that ends meanwhile cannot miss it.
        if (exit.isDone()) {
            throw gone();
        }
        ByteBuffer line = ByteBuffer.wrap((SCHEDSTAT + thread + "\n").getBytes(StandardCharsets.US_ASCII));
        while (line.hasRemaining()) {
            guard.write(line);
        }
        try {
            String text = answer.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return text.equals("-") ? "" : text;
        } catch (ExecutionException e) {
            throw gone();
        } catch (TimeoutException e) {
            throw new MachineException.Late("the machine's guard did not answer within " + PATIENCE.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while asking the machine's guard", e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            guard.close();
        } finally {
            running.close();
        }
    }
}
