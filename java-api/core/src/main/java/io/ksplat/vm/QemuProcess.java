// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A QEMU under ksplat-guard. The guard holds the other end of a pipe from this JVM: whatever ends the JVM, kill -9 included,
 * ends QEMU and removes the machine's folder.
 */
final class QemuProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QemuProcess.class);
    private static final String ENDED = "ended ";
    /** The guard itself was killed, and QEMU with it. */
    private static final int UNKNOWN = -1;

    private static final int KEPT_LINES = 20;

    private final Process guard;
    private final Deque<String> words = new ArrayDeque<>();
    private final CompletableFuture<Void> wordsEnd = new CompletableFuture<>();
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    private QemuProcess(Process guard) {
        this.guard = guard;
        start("ksplat-guard", this::readGuard);
        start("ksplat-qemu-stderr", this::readWords);
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void readWords() {
        try (BufferedReader lines = guard.errorReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                keep(line);
            }
        } catch (IOException e) {
            keep("(its stderr could not be read: " + e.getMessage() + ")");
        }
        wordsEnd.complete(null);
    }

    private synchronized void keep(String line) {
        if (line.isBlank() || line.contains("warning:")) {
            return;
        }
        if (words.size() == KEPT_LINES) {
            words.removeFirst();
        }
        words.addLast(line.strip());
    }

    /** The guard says its command's process id, then how it ended; it outlives the command until this end of the pipe closes. */
    private void readGuard() {
        int status = UNKNOWN;
        try (BufferedReader lines = guard.inputReader(StandardCharsets.US_ASCII)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(ENDED)) {
                    status = Integer.parseInt(line.substring(ENDED.length()));
                    exit.complete(status);
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("the guard's words", e);
        }
        exit.complete(status);
    }

    static QemuProcess start(Path guardBinary, Path folder, List<String> command) throws IOException {
        List<String> words = new ArrayList<>(List.of(guardBinary.toString(), "--remove", folder.toString(), "--"));
        words.addAll(command);
        return new QemuProcess(new ProcessBuilder(words).start());
    }

    /** Done when QEMU has ended, with its exit status: 128 and the signal where one killed it, -1 where nobody can tell. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    /** The last line that QEMU wrote to stderr, or how it ended. */
    String lastWords() {
        if (exit.isDone()) {
            // What it said before it ended may still be on its way; the guard keeps the pipe open.
            wordsEnd.completeOnTimeout(null, 100, TimeUnit.MILLISECONDS).join();
        }
        synchronized (this) {
            if (!words.isEmpty()) {
                return words.getLast();
            }
        }
        return exit.isDone() ? "exit status " + exit.join() + ", no message" : "it said nothing";
    }

    /** Ends QEMU at once, waits until it is gone, and leaves its folder removed. */
    @Override
    public void close() throws IOException {
        guard.getOutputStream().close();
        try {
            if (!guard.waitFor(10, TimeUnit.SECONDS)) {
                guard.destroyForcibly();
                throw new MachineException("ksplat-guard did not end within 10 s; it was killed, and QEMU with it");
            }
        } catch (InterruptedException e) {
            guard.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
