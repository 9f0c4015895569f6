// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import io.ksplat.evidence.ConsoleParser;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures how fast logs are read, by the CPU time of the thread that reads, so that a busy host counts for little: a log in which nothing happened, and
 * one that has nothing but reports. Their texts are always the same.
 */
public final class ParseBench {
    /** Size of each log. */
    private static final int BYTES = 32 << 20;

    private static final int REPORT_BYTES = 4 << 20;

    /** Rounds in which the parser is compiled: C2 takes seconds for it. */
    private static final int WARM_UP = 8;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private ParseBench() {}

    /** Reads both logs in turns, {@code runs} times each. */
    public static Measurement measure(int runs) throws IOException {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("host", HostText.cpus() + ", Linux " + System.getProperty("os.version"));
        environment.put("java", System.getProperty("java.vm.version"));
        environment.put("load before", HostText.load());
        byte[] clean = repeated("parse-clean.txt", BYTES);
        byte[] reports = repeated("parse-reports.txt", REPORT_BYTES);
        environment.put("clean log", clean.length / 1_000_000 + " MB");
        environment.put("reports only", reports.length / 1_000_000 + " MB");
        List<Double> ofClean = new ArrayList<>();
        List<Double> ofReports = new ArrayList<>();
        for (int i = -WARM_UP; i < runs; i++) {
            double one = rate(clean, false);
            double other = rate(reports, true);
            if (i >= 0) {
                ofClean.add(one);
                ofReports.add(other);
            }
        }
        environment.put("load after", HostText.load());
        return new Measurement(
                "parse",
                environment,
                List.of(
                        new Figure("megabytesPerSecond", "MB/s", ofClean),
                        new Figure("reportsOnlyMegabytesPerSecond", "MB/s", ofReports)),
                List.of());
    }

    /** Megabytes for each second of the thread's CPU time. What is found is checked: a parser that skips its text is fast. */
    private static double rate(byte[] log, boolean hasReports) {
        long start = THREADS.getCurrentThreadCpuTime();
        int found = ConsoleParser.parse(log).size();
        double seconds = (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
        if (found > 0 != hasReports) {
            throw new IllegalStateException("found " + found + " reports in a log " + (hasReports ? "of" : "without")
                    + " reports: the figures would mean nothing");
        }
        return log.length / 1e6 / seconds;
    }

    /** Returns the lines of a text again and again, with stamps that grow. */
    private static byte[] repeated(String name, int bytes) throws IOException {
        List<String> lines;
        try (InputStream in = ParseBench.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is not on the class path beside " + ParseBench.class.getName()
                        + ": rebuild the module");
            }
            lines = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1)
                    .lines()
                    .skip(1)
                    .toList();
        }
        StringBuilder text = new StringBuilder(bytes + 256);
        for (long line = 0; text.length() < bytes; line++) {
            text.append(String.format(Locale.ROOT, "[%5d.%06d] ", line / 1000, line % 1000 * 1000))
                    .append(lines.get((int) (line % lines.size())))
                    .append('\n');
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
