// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * How a command of this host ended.
 *
 * @param said the last line of what it wrote to stderr, else to stdout
 */
record Outcome(int exit, String text, String said) {
    private static final int MOST = 32 << 20;

    /** Returns a shell's command line, whose processes end with it. */
    static List<String> shell(String line) {
        return List.of("sh", "-c", line);
    }

    /**
     * Runs a command to its end.
     *
     * @throws MachineException.Late if it does not end in time; it is killed then
     */
    static Outcome of(List<String> words, byte[] input, Duration limit) throws IOException {
        return of(
                new ProcessBuilder(words),
                process -> daemon("ksplat-command-in", () -> write(process.getOutputStream(), input)),
                limit);
    }

    /** Runs a command, with a file for its standard input, to its end. */
    static Outcome of(List<String> words, Path input, Duration limit) throws IOException {
        return of(new ProcessBuilder(words).redirectInput(input.toFile()), process -> {}, limit);
    }

    /** Runs a shell's command line, with more environment, to its end. */
    static Outcome of(String line, Map<String, String> environment, Duration limit) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(shell(line));
        builder.environment().putAll(environment);
        return of(
                builder,
                process -> daemon("ksplat-command-in", () -> write(process.getOutputStream(), new byte[0])),
                limit);
    }

    private static Outcome of(ProcessBuilder builder, Consumer<Process> input, Duration limit) throws IOException {
        List<String> words = builder.command();
        Path errors = Files.createTempFile("ksplat", ".err");
        Process process;
        try {
            process = builder.redirectError(errors.toFile()).start();
        } catch (IOException e) {
            Files.delete(errors);
            throw new MachineException(words.get(0) + " cannot be started: " + e.getMessage(), e);
        }
        try {
            CompletableFuture<byte[]> out = new CompletableFuture<>();
            daemon("ksplat-command-out", () -> read(process.getInputStream(), out));
            input.accept(process);
            byte[] bytes = out.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TimeoutException();
            }
            String text = new String(bytes, StandardCharsets.UTF_8);
            String last = last(Files.readString(errors, StandardCharsets.ISO_8859_1));
            return new Outcome(process.exitValue(), text, last.isEmpty() ? last(text) : last);
        } catch (TimeoutException e) {
            throw new MachineException.Late(
                    "\"" + String.join(" ", words) + "\" did not end within " + limit.toSeconds() + " s");
        } catch (ExecutionException e) {
            throw new MachineException("reading what " + words.get(0) + " prints failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while running " + words.get(0), e);
        } finally {
            kill(process);
            Files.deleteIfExists(errors);
        }
    }

    /** Ends a process and what it has started. */
    static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void read(InputStream from, CompletableFuture<byte[]> out) {
        try (from) {
            out.complete(from.readNBytes(MOST));
        } catch (IOException e) {
            out.completeExceptionally(e);
        }
    }

    private static void write(OutputStream to, byte[] input) {
        try (to) {
            to.write(input);
        } catch (IOException e) {
            // It did not read all of its input: its exit tells whether that matters.
            return;
        }
    }

    /** Of a stderr, the line that says why: the last that is not empty. */
    static String last(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .reduce((first, second) -> second)
                .orElse("");
    }
}
