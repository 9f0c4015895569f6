// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    private final Process guard;
    private final Path stderr;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();

    private QemuProcess(Process guard, Path stderr) {
        this.guard = guard;
        this.stderr = stderr;
        Thread reader = new Thread(this::readGuard, "ksplat-guard");
        reader.setDaemon(true);
        reader.start();
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
        Path stderr = folder.resolve("qemu.stderr");
        Process guard = new ProcessBuilder(words)
                .redirectError(stderr.toFile())
                .redirectInput(ProcessBuilder.Redirect.PIPE)
                .start();
        return new QemuProcess(guard, stderr);
    }

    /** Done when QEMU has ended, with its exit status: 128 and the signal where one killed it, -1 where nobody can tell. */
    CompletableFuture<Integer> exit() {
        return exit;
    }

    /** The last line that QEMU wrote to stderr, or how it ended. */
    String lastWords() {
        try {
            List<String> lines =
                    Files.readString(stderr, StandardCharsets.UTF_8).lines().toList();
            for (int i = lines.size() - 1; i >= 0; i--) {
                if (!lines.get(i).isBlank() && !lines.get(i).contains("warning:")) {
                    return lines.get(i).strip();
                }
            }
        } catch (IOException e) {
            return "(its stderr cannot be read: " + e.getMessage() + ")";
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
