// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verdicts on a host that is overloaded, while a QEMU stands still now and then for up to ten seconds. There may be
 * runs without a verdict; a wrong one there may not be. Prints how many there were, and how long they took.
 */
@Tag("machine")
@Tag("network")
@Tag("long")
class LoadTest {
    /** Of each case. */
    private static final int RUNS = Integer.getInteger("ksplat.load.runs", 125);

    private static final long SEED = Long.getLong("ksplat.load.seed", 1);
    private static final Duration LIMIT = Duration.ofHours(5);
    private static final int LONGEST_MS = 10_000;

    private static final List<String> CASES =
            List.of("nmi-cpumask-kptr", "nmi-task-kptr", "nmi-cgroup-kptr/in-task", "res-spin-lock-aa");

    @TempDir
    Path folder;

    @Test
    void neverAWrongVerdict() throws Exception {
        StressTools tools = StressTools.find(Files.createDirectory(folder.resolve("tools")));
        List<String> arguments = new ArrayList<>(List.of("run"));
        arguments.addAll(CASES);
        arguments.addAll(List.of("--kernel", "debian:7.2", "--repeat", String.valueOf(RUNS), "--jobs", "2"));
        Process load = tools.load("--cpu", "8", "--vm", "2", "--vm-bytes", "256m");
        Ksplat ksplat;
        long stops;
        try {
            ksplat = Ksplat.start(folder, arguments.toArray(String[]::new));
            stops = stopNowAndThen(ksplat);
            ksplat.exit(LIMIT);
        } finally {
            load.getOutputStream().close();
            load.waitFor();
        }

        Map<String, Integer> table = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        List<Long> took = new ArrayList<>();
        for (JsonNode run : ksplat.results().path("runs")) {
            String id = run.path("reproducer").asText();
            String verdict = run.path("verdict").asText();
            took.add(run.path("timings").path("totalMs").asLong());
            table.merge(id + " " + verdict, 1, Integer::sum);
            String right = run.path("expected").asText();
            if (!List.of(right, "INCONCLUSIVE", "ERROR").contains(verdict)) {
                wrong.add(id + " " + verdict);
            }
            if (!verdict.equals(right)) {
                System.out.println(
                        id + " " + verdict + ": " + run.path("message").asText());
            }
        }
        took.sort(null);
        System.out.println(table + ", " + stops + " times a QEMU stood still, a run took " + took.get(took.size() / 2)
                + " ms (median), " + took.get(took.size() - 1) + " ms at most");
        assertThat(wrong).isEmpty();
        assertThat(took).hasSizeGreaterThanOrEqualTo(RUNS * CASES.size());
        assertThat(stops).isPositive();
    }

    /** Stops a QEMU for a random span, one after the other, until ksplat has ended; returns how often. */
    private static long stopNowAndThen(Ksplat ksplat) throws Exception {
        Random random = new Random(SEED);
        long stops = 0;
        long end = System.nanoTime() + LIMIT.toNanos();
        while (ksplat.handle().isAlive() && System.nanoTime() < end) {
            List<ProcessHandle> running = ksplat.qemus();
            if (running.isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(20);
                continue;
            }
            ProcessHandle one = running.get(random.nextInt(running.size()));
            Ksplat.signal("STOP", List.of(one));
            TimeUnit.MILLISECONDS.sleep(random.nextInt(LONGEST_MS));
            Ksplat.signal("CONT", List.of(one));
            stops++;
        }
        return stops;
    }
}
