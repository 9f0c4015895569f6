// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.clang;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One process of clang that has ended, or was killed. */
public record ClangRun(int exitCode, boolean timedOut, String output) {
    private static final Duration LOOK = Duration.ofMillis(100);
    /** What a compiler may take of the clock for each second of its CPU time: others run as well, and one may wait for ever. */
    private static final int WALL = 10;

    /**
     * Runs a command.
     *
     * @param limit the CPU time after which it is killed, as after ten times that of the clock
     */
    public static ClangRun of(List<String> command, Path directory, Map<String, String> environment, Duration limit)
            throws IOException, InterruptedException {
        // a file, not a pipe: clang never blocks on its output
        Path output = Files.createTempFile("ksplat-clang-", ".txt");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .redirectInput(new File("/dev/null"));
            builder.environment().putAll(environment);
            Process process = builder.start();
            boolean ended = false;
            try {
                ended = endsWithin(process, limit);
            } finally {
                if (!ended) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                }
            }
            // Not readString, which fails where a source quotes what is no UTF-8.
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            return new ClangRun(ended ? process.exitValue() : -1, !ended, text);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static boolean endsWithin(Process process, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.multipliedBy(WALL).toNanos();
        while (System.nanoTime() < end && cpuTime(process).compareTo(limit) < 0) {
            if (process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                return true;
            }
        }
        return false;
    }

    /** Counts its own and that of its live descendants: what is called clang may be a script. */
    private static Duration cpuTime(Process process) {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .flatMap(handle -> handle.info().totalCpuDuration().stream())
                .reduce(Duration.ZERO, Duration::plus);
    }
}
