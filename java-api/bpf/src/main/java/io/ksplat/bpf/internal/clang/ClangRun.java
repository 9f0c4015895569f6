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

/** One process of clang that has ended, or was killed. */
public record ClangRun(int exitCode, boolean timedOut, String output) {
    /** Runs a command. */
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
                ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            } finally {
                if (!ended) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                }
            }
            String text = Files.readString(output, StandardCharsets.ISO_8859_1);
            return new ClangRun(ended ? process.exitValue() : -1, !ended, text);
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
