// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import io.ksplat.kernel.KernelException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs a program with a deadline, in the C locale. */
public final class Command {
    private static final Duration GRACE = Duration.ofSeconds(20);

    private final List<String> command;
    private final Duration deadline;
    private final boolean endedByInput;

    public Command(Duration deadline, List<String> command) {
        this(deadline, command, false);
    }

    private Command(Duration deadline, List<String> command, boolean endedByInput) {
        this.command = List.copyOf(command);
        this.deadline = deadline;
        this.endedByInput = endedByInput;
    }

    /**
     * Makes a command that works in another place, where no signal from here reaches it. Its standard input stays open while it may work;
     * the end of that input, also when this JVM dies, tells it to end.
     */
    public static Command endedByInput(Duration deadline, List<String> command) {
        return new Command(deadline, command, true);
    }

    /** The exit code, and the lines of stdout and stderr in their order. */
    public record Outcome(int exit, List<String> lines) {
        public boolean ok() {
            return exit == 0;
        }
    }

    /** Runs the command; passes each line to {@code eachLine} as it comes. */
    public Outcome run(Path folder, Map<String, String> environment, Consumer<String> eachLine)
            throws IOException, InterruptedException, KernelException {
        ProcessBuilder builder = builder(environment).directory(folder.toFile()).redirectErrorStream(true);
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Process process = start(builder);
        try {
            Thread reader = readLines(process.getInputStream(), line -> {
                lines.add(line);
                eachLine.accept(line);
            });
            if (!endedByInput) {
                process.getOutputStream().close();
            }
            awaitExit(process);
            reader.join(TimeUnit.SECONDS.toMillis(5));
            return new Outcome(process.exitValue(), List.copyOf(lines));
        } finally {
            if (endedByInput && process.isAlive()) {
                closeInput(process);
            }
            kill(process);
        }
    }

    /** Waits for its end: its work may write to the cache until then. */
    private static void closeInput(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Runs the command. */
    public Outcome run(Path folder) throws IOException, InterruptedException, KernelException {
        return run(folder, Map.of(), line -> {});
    }

    /** Reads the output of a program. */
    @FunctionalInterface
    public interface Sink {
        void read(InputStream out) throws IOException, InterruptedException, KernelException;
    }

    /** Runs the command with {@code input} as its standard input, and passes its standard output to {@code sink} while it runs. */
    public void pipe(ProcessBuilder.Redirect input, Sink sink)
            throws IOException, InterruptedException, KernelException {
        ProcessBuilder builder = builder(Map.of()).redirectInput(input);
        List<String> errors = Collections.synchronizedList(new ArrayList<>());
        Process process = start(builder);
        // The sink blocks in read(2), which no interrupt ends: at the deadline the program is killed, which ends the
        // read.
        Thread alarm = new Thread(
                () -> {
                    try {
                        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                            errors.add("it did not finish within " + deadline.toSeconds() + " s");
                            kill(process);
                        }
                    } catch (InterruptedException done) {
                        Thread.currentThread().interrupt();
                    }
                },
                "deadline of " + command.get(0));
        alarm.setDaemon(true);
        alarm.start();
        try {
            Thread reader = readLines(process.getErrorStream(), errors::add);
            try (InputStream out = process.getInputStream()) {
                sink.read(out);
            }
            int exit = process.waitFor();
            reader.join(TimeUnit.SECONDS.toMillis(5));
            if (exit != 0) {
                throw new KernelException(command.get(0) + " failed: "
                        + (errors.isEmpty() ? "exit code " + exit : errors.get(errors.size() - 1)));
            }
        } finally {
            kill(process);
            alarm.interrupt();
        }
    }

    private ProcessBuilder builder(Map<String, String> environment) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("LC_ALL", "C");
        builder.environment().putAll(environment);
        return builder;
    }

    private Process start(ProcessBuilder builder) throws KernelException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new KernelException(
                    "cannot run " + command.get(0) + ": " + e.getMessage() + " (`ksplat doctor` names its package)", e);
        }
    }

    private void awaitExit(Process process) throws InterruptedException, KernelException {
        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new KernelException(String.format(
                    Locale.ROOT, "`%s` did not finish within %d s", String.join(" ", command), deadline.toSeconds()));
        }
    }

    private static Thread readLines(InputStream stream, Consumer<String> lines) {
        Thread thread = new Thread(
                () -> {
                    try (BufferedReader in =
                            new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                        for (String line = in.readLine(); line != null; line = in.readLine()) {
                            lines.accept(line);
                        }
                    } catch (IOException e) {
                        lines.accept("(cannot read its output: " + e.getMessage() + ")");
                    }
                },
                "output of a command");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void kill(Process process) {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
