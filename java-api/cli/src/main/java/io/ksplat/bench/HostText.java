// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What /proc says of this machine and this process (proc(5)). */
final class HostText {
    private HostText() {}

    static String cpus() throws IOException {
        String model = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown CPU");
        return Runtime.getRuntime().availableProcessors() + " x " + model;
    }

    /** The load averages of 1, 5 and 15 minutes. */
    static String load() throws IOException {
        List<String> words = List.of(Files.readString(Path.of("/proc/loadavg")).split(" ", -1));
        return String.join(" ", words.subList(0, 3));
    }

    static double residentMiB() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmRSS"));
    }
}
