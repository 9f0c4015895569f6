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

/** One run of a program of the system, with a deadline, in the C locale. */
public final class Command {
    private static final Duration ENDING = Duration.ofSeconds(20);

    private final List<String> command;
    private final Duration deadline;
    private final boolean held;

    public Command(Duration deadline, List<String> command) {
        this(deadline, command, false);
    }

    private Command(Duration deadline, List<String> command, boolean held) {
        this.command = List.copyOf(command);
        this.deadline = deadline;
        this.held = held;
    }

    /**
     * A program whose work goes on elsewhere, where no signal from here reaches it: its standard input stays open for as long as it may
     * work, and the end of that, also by the death of this JVM, tells it to end.
     */
    public static Command held(Duration deadline, List<String> command) {
        return new Command(deadline, command, true);
    }

    /** What came of it: the exit code and all lines, of both streams, in their order. */
    public record Outcome(int exit, List<String> lines) {
        public boolean ok() {
            return exit == 0;
        }
    }

    /** Runs it; {@code eachLine} hears every line as it comes. */
    public Outcome run(Path folder, Map<String, String> environment, Consumer<String> eachLine)
            throws IOException, InterruptedException, KernelException {
        ProcessBuilder builder = builder(environment).directory(folder.toFile()).redirectErrorStream(true);
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Process process = start(builder);
        try {
            Thread reader = reading(process.getInputStream(), line -> {
                lines.add(line);
                eachLine.accept(line);
            });
            if (!held) {
                process.getOutputStream().close();
            }
            awaitExit(process);
            reader.join(TimeUnit.SECONDS.toMillis(5));
            return new Outcome(process.exitValue(), List.copyOf(lines));
        } finally {
            if (held && process.isAlive()) {
                letGo(process);
            }
            kill(process);
        }
    }

    /** Its work may still write to the cache until it has ended, too. */
    private static void letGo(Process process) throws IOException, InterruptedException {
        process.getOutputStream().close();
        process.waitFor(ENDING.toMillis(), TimeUnit.MILLISECONDS);
    }

    public Outcome run(Path folder) throws IOException, InterruptedException, KernelException {
        return run(folder, Map.of(), line -> {});
    }

    /** Reads a program's output. */
    @FunctionalInterface
    public interface Sink {
        void read(InputStream out) throws IOException, InterruptedException, KernelException;
    }

    /** Runs it with {@code input} as its standard input and hands over its standard output while it runs. */
    public void pipe(ProcessBuilder.Redirect input, Sink sink)
            throws IOException, InterruptedException, KernelException {
        ProcessBuilder builder = builder(Map.of()).redirectInput(input);
        List<String> errors = Collections.synchronizedList(new ArrayList<>());
        Process process = start(builder);
        // The sink blocks in read(2), which no interrupt reaches: the deadline ends it by ending the program.
        Thread alarm = new Thread(
                () -> {
                    try {
                        if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                            errors.add("not done in " + deadline.toSeconds() + " s");
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
            Thread reader = reading(process.getErrorStream(), errors::add);
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
                    Locale.ROOT, "`%s` was not done in %d s", String.join(" ", command), deadline.toSeconds()));
        }
    }

    private static Thread reading(InputStream stream, Consumer<String> lines) {
        Thread thread = new Thread(
                () -> {
                    try (BufferedReader in =
                            new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                        for (String line = in.readLine(); line != null; line = in.readLine()) {
                            lines.accept(line);
                        }
                    } catch (IOException e) {
                        lines.accept("(its output ended: " + e.getMessage() + ")");
                    }
                },
                "reads a tool's output");
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
