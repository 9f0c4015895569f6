// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * ksplat is told to end at any moment: while it starts, compiles, restores, watches, writes its report. It ends, with all that it started,
 * and tells no verdict that it has not reached. Prints how many ended how.
 */
@Tag("machine")
@Tag("network")
class SignalsTest {
    private static final long SEED = Long.getLong("ksplat.signals.seed", 1);
    private static final List<String> SIGNALS = List.of("TERM", "HUP");
    private static final String SAFE = "nmi-cpumask-kptr";

    /** 128 and the number of the signal, as a process that a signal ends has it. */
    private static final Map<String, Integer> STATUS = Map.of("TERM", 143, "HUP", 129);

    @TempDir
    Path folder;

    @Test
    @Tag("full")
    void fiftyMoments() throws Exception {
        atRandomMoments(50);
    }

    @Test
    @Tag("long")
    void fiveHundredMoments() throws Exception {
        atRandomMoments(500);
    }

    private void atRandomMoments(int runs) throws Exception {
        long begin = System.nanoTime();
        Ksplat undisturbed = Ksplat.run(Files.createDirectory(folder.resolve("undisturbed")), "run", SAFE);
        long lasts = System.nanoTime() - begin;
        assertThat(undisturbed.outcome(SAFE)).as(undisturbed.out()).isEqualTo("CLEAN");

        Random random = new Random(SEED);
        Map<String, Integer> table = new TreeMap<>();
        for (int i = 0; i < runs; i++) {
            String signal = SIGNALS.get(i % SIGNALS.size());
            table.merge(signal + ": " + one(i, signal, (long) (random.nextDouble() * lasts)), 1, Integer::sum);
        }
        System.out.println(table);
        // If none came in time, or each came before there was a report, nothing was tried.
        assertThat(table.keySet()).anyMatch(line -> line.endsWith("ERROR"));
    }

    /** Runs once, with a signal so many nanoseconds after its start; returns how it ended. */
    private String one(int number, String signal, long moment) throws Exception {
        Path own = Files.createDirectory(folder.resolve("run-" + number));
        Ksplat ksplat = Ksplat.start(own, "run", SAFE);
        boolean ended = ksplat.ends(moment, TimeUnit.NANOSECONDS);
        if (!ended) {
            EndingsTest.kill(signal, ksplat.handle());
        }
        int status = ksplat.exit();
        String said = "SIG" + signal + " after " + TimeUnit.NANOSECONDS.toMillis(moment) + " ms: " + ksplat.out()
                + ksplat.err();
        ksplat.assertNothingLeft();
        assertThat(ksplat.out() + ksplat.err()).as(said).doesNotContain("\tat ").doesNotContain("Exception in thread");
        String verdict = recorded(ksplat, said);
        assertThat(verdict).as(said).isIn("CLEAN", "ERROR", "no report");
        if (status == 0) {
            assertThat(verdict).as(said).isEqualTo("CLEAN");
        } else {
            assertThat(status).as(said).isEqualTo(STATUS.get(signal));
        }
        return verdict;
    }

    private static String recorded(Ksplat ksplat, String said) throws Exception {
        if (!Files.exists(ksplat.report.resolve("results.json"))) {
            return "no report";
        }
        JsonNode runs = ksplat.results().path("runs");
        if (runs.isEmpty()) {
            return "no report";
        }
        JsonNode run = ksplat.onlyRun();
        if (run.path("verdict").asText().equals("ERROR")) {
            assertThat(run.path("message").asText()).as(said).containsAnyOf("interrupted", "did not finish");
        }
        return run.path("verdict").asText();
    }
}
