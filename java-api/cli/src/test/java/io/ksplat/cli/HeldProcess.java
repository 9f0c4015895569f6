// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that ends with this JVM, with all that it started: ksplat-guard holds it. */
record HeldProcess(int status, String output) {
    /** Runs a command in a folder, which its temporary files go to as well, and kills it after a time. */
    static HeldProcess run(Path folder, Duration limit, String... command) throws Exception {
        Path output = Files.createTempFile(folder, "output", ".log");
        List<String> words = new ArrayList<>(List.of(
                Path.of("../../native/build/ksplat-guard").toAbsolutePath().toString(), "--host-network", "--"));
        words.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(words)
                .directory(folder.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                // The guard gives the command's stdout this name, too.
                .redirectError(output.toFile());
        builder.environment().put("TMPDIR", folder.toString());
        Process guard = builder.start();
        try {
            if (!guard.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(
                        String.join(" ", command) + " did not end in " + limit.toSeconds() + " s: " + tail(output));
            }
            return new HeldProcess(guard.exitValue(), tail(output));
        } finally {
            guard.getOutputStream().close();
            guard.waitFor();
        }
    }

    /** The end of what it said. */
    private static String tail(Path output) throws IOException {
        String text = Files.readString(output, StandardCharsets.ISO_8859_1);
        return text.substring(Math.max(0, text.length() - 20_000));
    }
}
