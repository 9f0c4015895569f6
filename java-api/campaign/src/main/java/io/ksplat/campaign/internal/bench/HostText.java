// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Facts about this host and this process, from /proc (proc(5)). */
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

    /** Returns the load averages of 1, 5 and 15 minutes. */
    static String load() throws IOException {
        List<String> words = List.of(Files.readString(Path.of("/proc/loadavg")).split(" ", -1));
        return String.join(" ", words.subList(0, 3));
    }

    /**
     * CPU time in seconds, from fields 14 to 17 of proc(5)'s stat, in units of 1/100 s.
     *
     * @param own the time of this process
     * @param children the time of all its descendants that have ended
     */
    record CpuTime(double own, double children) {
        static CpuTime now() throws IOException {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            List<Double> fields = Arrays.stream(
                            stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1))
                    .skip(11)
                    .limit(4)
                    .map(ticks -> Long.parseLong(ticks) / 100.0)
                    .toList();
            return new CpuTime(fields.get(0) + fields.get(1), fields.get(2) + fields.get(3));
        }
    }

    static double residentMiB() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmRSS"));
    }
}
