// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A QEMU on this host under ksplat-guard. The guard holds the other end of a pipe from this JVM: when the JVM ends, also by kill
 * -9, the guard ends QEMU and removes the machine's folder.
 */
final class GuardedQemu implements QemuProcess {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedQemu.class);

    /** What the guard prints before the status when QEMU has ended (native/src/guard.c). */
    private static final String ENDED = "ended ";

    /** The bytes that are read from the end: only QEMU's last line matters. */
    private static final int STDERR_END = 64 * 1024;

    private final Process guard;
    private final FileChannel stderr;
    private final CompletableFuture<Integer> exit = new CompletableFuture<>();
    private volatile boolean kept;

    private GuardedQemu(Process guard, FileChannel stderr) {
        this.guard = guard;
        this.stderr = stderr;
        Thread reader = new Thread(this::awaitEnd, "ksplat-guard");
        reader.setDaemon(true);
        reader.start();
    }

    /** Reads the guard's stdout: the guard outlives QEMU, so that the files of a dead machine can be read. */
    private void awaitEnd() {
        try (BufferedReader lines = guard.inputReader(StandardCharsets.US_ASCII)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(ENDED)) {
                    exit.complete(Integer.parseInt(line.substring(ENDED.length())));
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("reading the guard's output", e);
        }
        // A guard that was killed, or could not start QEMU, prints nothing; QEMU does not outlive it.
        exit.complete(guard.onExit().join().exitValue());
    }

    static GuardedQemu start(Path guardBinary, Path folder, Bounds bounds, List<String> command) throws IOException {
        List<String> words = new ArrayList<>(List.of(guardBinary.toString(), "--remove", folder.toString()));
        words.addAll(bounds.words(folder));
        words.add("--");
        words.addAll(command);
        Path file = folder.resolve("qemu.stderr");
        // Opened now: a guard that cannot start QEMU writes the reason here and removes the folder.
        FileChannel stderr = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ);
        try {
            ProcessBuilder guard =
                    new ProcessBuilder(words).redirectError(file.toFile()).redirectInput(ProcessBuilder.Redirect.PIPE);
            // There QEMU keeps what a machine writes to a scratch disk.
            guard.environment().put("TMPDIR", folder.toString());
            return new GuardedQemu(guard.start(), stderr);
        } catch (IOException e) {
            stderr.close();
            throw e;
        }
    }

    @Override
    public CompletableFuture<Integer> exit() {
        return exit;
    }

    @Override
    public String exitMessage() {
        try {
            return QemuProcess.exitMessage(endOfStderr(), exit);
        } catch (IOException e) {
            return "(cannot read its stderr: " + e.getMessage() + ")";
        }
    }

    private String endOfStderr() throws IOException {
        if (!stderr.isOpen()) {
            return "";
        }
        ByteBuffer end = ByteBuffer.allocate(STDERR_END);
        long from = Math.max(0, stderr.size() - STDERR_END);
        while (end.hasRemaining() && stderr.read(end, from + end.position()) > 0) {
            // A read may take less than there is.
        }
        return new String(end.array(), 0, end.position(), StandardCharsets.UTF_8);
    }

    @Override
    public long keep() throws IOException {
        guard.getOutputStream().write("keep\n".getBytes(StandardCharsets.US_ASCII));
        guard.getOutputStream().flush();
        kept = true;
        return guard.pid();
    }

    @Override
    public boolean isKept() {
        return kept;
    }

    @Override
    public String schedstat(long thread) throws IOException {
        try {
            return Files.readString(Path.of("/proc", Long.toString(thread), "schedstat"));
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    @Override
    public void close() throws IOException {
        guard.getOutputStream().close();
        try {
            if (!kept && !guard.waitFor(10, TimeUnit.SECONDS)) {
                guard.destroyForcibly();
            }
        } catch (InterruptedException e) {
            guard.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            stderr.close();
        }
    }
}
