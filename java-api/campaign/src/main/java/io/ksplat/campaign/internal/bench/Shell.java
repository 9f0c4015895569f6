// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs ksplat as a user's shell does, and takes the time of all its processes. */
record Shell(Path launcher) {
    /**
     * What a command cost.
     *
     * @param wallMs from the start to the end, milliseconds
     * @param cpuMs the user and system time of the command and all that it waited for, milliseconds
     */
    record Cost(double wallMs, double cpuMs) {}

    /** Runs the launcher with some arguments; fails if its exit code is not 0. */
    Cost time(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "bash", "-c", "TIMEFORMAT='%3R %3U %3S'; time \"$@\" >/dev/null 2>&1", "bench", launcher.toString()));
        command.addAll(List.of(arguments));
        Process bash = new ProcessBuilder(command).start();
        String text = new String(bash.getErrorStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        int exit = bash.waitFor();
        String[] seconds = text.split(" ", -1);
        if (exit != 0 || seconds.length != 3) {
            throw new IOException(String.format(
                    Locale.ROOT, "%s %s: exit code %d: %s", launcher, String.join(" ", arguments), exit, text));
        }
        return new Cost(millis(seconds[0]), millis(seconds[1]) + millis(seconds[2]));
    }

    private static double millis(String seconds) {
        return Double.parseDouble(seconds) * 1000;
    }
}
