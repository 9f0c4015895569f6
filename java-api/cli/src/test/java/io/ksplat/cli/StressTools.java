// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Tools of the distribution that make a host slow, or let its system calls fail: see scripts/prepare-stress. */
record StressTools(Path folder) {
    private static final Duration PREPARE = Duration.ofMinutes(3);

    /** Finds them. Files of the search go to a folder. */
    static StressTools find(Path folder) throws Exception {
        return new StressTools(
                Skips.unlessPrepared(folder, PREPARE, "prepare-stress", "a host under load is not tested"));
    }

    /** Returns the words before the arguments of a tool. */
    List<String> command(String tool) {
        Path unpacked = folder.resolve("usr/bin").resolve(tool);
        return Files.isExecutable(unpacked)
                ? List.of("env", "LD_LIBRARY_PATH=" + folder.resolve("usr/lib/x86_64-linux-gnu"), unpacked.toString())
                : List.of(tool);
    }

    /** Loads the host until the process's input is closed, also if this JVM is killed; by itself it ends after some hours. */
    Process load(String... arguments) throws IOException {
        List<String> words = new ArrayList<>(List.of(
                Path.of("../../native/build/ksplat-guard").toAbsolutePath().toString(), "--host-network", "--"));
        words.addAll(command("stress-ng"));
        words.addAll(List.of("--timeout", "6h"));
        words.addAll(List.of(arguments));
        return new ProcessBuilder(words)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
