// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static io.ksplat.cli.PastReports.ID;
import static io.ksplat.cli.PastReports.NEW;
import static io.ksplat.cli.PastReports.OLD;
import static io.ksplat.cli.PastReports.SIGNATURE;
import static io.ksplat.evidence.Verdict.CLEAN;
import static io.ksplat.evidence.Verdict.DEADLOCK;
import static io.ksplat.evidence.Verdict.ERROR;
import static io.ksplat.evidence.Verdict.INCONCLUSIVE;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.history.History;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat history}, in an SQLite file. */
class HistoryTest {
    @TempDir
    Path folder;

    private final PastReports past = new PastReports();

    private String file() {
        return folder.resolve("a ?history#.db").toString();
    }

    private int add(Path report) {
        return past.ksplat("history", "add", report.toString(), "--history", file());
    }

    private JsonNode show(String name) throws Exception {
        assertThat(past.ksplat("history", "show", name, "--json", "--history", file()))
                .as(past.err.toString())
                .isZero();
        return new ObjectMapper().readTree(past.out.toString());
    }

    /** Most recent first: the order in which reports are added tells nothing. */
    private void addThree() throws Exception {
        assertThat(add(PastReports.report(folder.resolve("c"), NEW, "2026-03-03", CLEAN, CLEAN, DEADLOCK)))
                .as(past.err.toString())
                .isZero();
        assertThat(add(PastReports.report(folder.resolve("a"), OLD, "2026-01-01", CLEAN, INCONCLUSIVE)))
                .isZero();
        assertThat(add(PastReports.report(
                        folder.resolve("b"), NEW, "2026-02-02", DEADLOCK, ERROR, ERROR, ERROR, ERROR)))
                .isZero();
    }

    @Test
    void aSignatureWasSeenFirstAndLastAndSoOften() throws Exception {
        addThree();
        JsonNode json = show(SIGNATURE);
        assertThat(json.path("subject").asText()).isEqualTo("signature");
        assertThat(json.at("/signatures/0/first").asText()).startsWith("2026-02-02");
        assertThat(json.at("/signatures/0/last").asText()).startsWith("2026-03-03");
        assertThat(json.at("/signatures/0/kernels")).hasSize(1);
        // INCONCLUSIVE and ERROR do not tell that it was not there.
        assertThat(json.path("rows")).hasSize(2);
        assertThat(json.at("/rows/0/kernel/release").asText()).isEqualTo("6.12.9");
        assertThat(json.at("/rows/0/seen").asInt(-1)).isZero();
        assertThat(json.at("/rows/0/runs").asInt()).isEqualTo(1);
        assertThat(json.at("/rows/1/seen").asInt()).isEqualTo(2);
        assertThat(json.at("/rows/1/runs").asInt()).isEqualTo(4);
        assertThat(json.path("days"))
                .extracting(day -> day.path("seen").asInt())
                .containsExactly(0, 1, 1);
    }

    @Test
    void aReproducerIsFlakyWhereItCameToDifferentDecisions() throws Exception {
        addThree();
        JsonNode rows = show(ID).path("rows");
        assertThat(rows).extracting(row -> row.path("flaky").asBoolean()).containsExactly(false, true);
        assertThat(rows.get(1).at("/verdicts/CLEAN").asInt()).isEqualTo(2);
        assertThat(show("7.2.13").path("subject").asText()).isEqualTo("kernel");
        assertThat(show("debian:7.2").path("rows")).hasSize(1);
    }

    @Test
    void theTextMovesNoCursor() throws Exception {
        addThree();
        assertThat(past.ksplat("history", "show", SIGNATURE, "--history", file()))
                .isZero();
        assertThat(past.out.toString())
                .contains("on 7.2.13: first 2026-02-02, last 2026-03-03\n", "seen 2 of 4 (7 % to 93 %)", "; flaky")
                .doesNotContain("\033");
    }

    @Test
    void aReportMayBeAddedTwice() throws Exception {
        addThree();
        JsonNode before = show(ID);
        assertThat(add(folder.resolve("c"))).isZero();
        assertThat(past.out.toString()).endsWith(": 0 runs are new, 3 were there\n");
        assertThat(show(ID)).isEqualTo(before);
    }

    @Test
    void tellsAPlanHowLongAnAttemptTakes() throws Exception {
        addThree();
        KnownDurations durations = new KnownDurations();
        try (History history = History.existing(file())) {
            history.tell(durations);
        }
        // 1, 2 and 3 minutes, and 1 of the other report; not the 2 to 5 of ERROR.
        assertThat(durations.minutes(List.of(ID), NEW.key())).contains(2.0);
        assertThat(durations.minutes(List.of(ID), OLD.key())).contains(2.0);
        assertThat(durations.minutes(List.of("other"), NEW.key())).isEmpty();
    }

    /** Two CI jobs end at once. */
    @Test
    void manyMayAddAtOnce() throws Exception {
        int many = 6;
        for (int i = 0; i < many; i++) {
            PastReports.report(folder.resolve("r" + i), NEW, "2026-04-0" + (i + 1), CLEAN, DEADLOCK);
        }
        ExecutorService threads = Executors.newFixedThreadPool(many);
        try {
            List<Future<Integer>> added = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                Path report = folder.resolve("r" + i);
                added.add(threads.submit(
                        () -> new PastReports().ksplat("history", "add", report.toString(), "--history", file())));
            }
            List<Integer> codes = new ArrayList<>();
            for (Future<Integer> one : added) {
                codes.add(one.get());
            }
            assertThat(codes).isEqualTo(Collections.nCopies(many, 0));
        } finally {
            threads.shutdownNow();
        }
        assertThat(show(SIGNATURE).at("/rows/0/runs").asInt()).isEqualTo(2 * many);
    }

    @Test
    void whatIsNoHistoryIsToldInOneLine() throws Exception {
        assertThat(past.ksplat("history", "show", ID, "--history", file())).isEqualTo(3);
        assertThat(past.err.toString())
                .contains("there is no history " + file())
                .hasLineCount(1);
        assertThat(Path.of(file())).doesNotExist();

        String text = Files.writeString(folder.resolve("text.db"), "no database ".repeat(200))
                .toString();
        assertThat(past.ksplat("history", "show", ID, "--history", text)).isEqualTo(3);
        assertThat(past.err.toString())
                .contains("cannot use the history " + text)
                .hasLineCount(1);

        assertThat(past.ksplat("history", "show", ID, "--history", "jdbc:mysql://u:secret@h/d?password=secret"))
                .isEqualTo(3);
        assertThat(past.err.toString()).contains("jdbc:postgresql:").doesNotContain("secret");
        assertThat(past.ksplat("history", "show", ID, "--history", "jdbc:postgresql://127.0.0.1:1/d?password=secret"))
                .isEqualTo(3);
        assertThat(past.err.toString())
                .contains("refused")
                .doesNotContain("secret")
                .hasLineCount(1);
    }

    @Test
    void anUnknownNameIsNamed() throws Exception {
        addThree();
        assertThat(past.ksplat("history", "show", "no-such", "--history", file()))
                .isEqualTo(2);
        assertThat(past.err.toString()).contains("no signature, reproducer or kernel no-such");
    }

    @Test
    void isAPageOfAReport() throws Exception {
        addThree();
        Path report = folder.resolve("page");
        assertThat(past.ksplat("history", "show", ID, "--report", report.toString(), "--history", file()))
                .as(past.err.toString())
                .isZero();
        assertThat(past.out.toString()).contains("Page: " + report.resolve("history.html"));
        assertThat(Files.readString(report.resolve("history.html")))
                .contains("History", "of reproducer", ID, "7.2.13: 2026-02-02 to 2026-03-03")
                .contains("cpu-stuck|rcu_data'; DROP TABLE", "<strong>flaky</strong>");
        assertThat(Files.readString(report.resolve("index.html")))
                .contains("href=\"history.html\"", "History of " + ID);
        // It can be drawn again, and stays the same.
        String drawn = Files.readString(report.resolve("history.html"));
        assertThat(past.ksplat("show", report.toString(), "--html")).isZero();
        assertThat(Files.readString(report.resolve("history.html"))).isEqualTo(drawn);
    }

    /** Beside the runs of a report, which keep their pages. */
    @Test
    void withoutANameItIsAllThatIsThere() throws Exception {
        addThree();
        Path report = folder.resolve("c");
        assertThat(past.ksplat("history", "show", "--report", report.toString(), "--history", file()))
                .as(past.err.toString())
                .isZero();
        assertThat(past.out.toString()).startsWith("all\n").contains("signature cpu-stuck|", ID + " on 6.12.9");
        assertThat(Files.readString(report.resolve("history.html"))).contains("10 runs from 2026-01-01 to 2026-03-03");
        assertThat(Files.readString(report.resolve("index.html"))).contains("3 runs", "href=\"history.html\"");
    }

    /** Nothing was added: whoever thinks that something was would miss it. */
    @Test
    void aReportWithoutRunsIsAUsageError() throws Exception {
        Path report = Files.createDirectories(folder.resolve("none"));
        Files.writeString(report.resolve("results.json"), "{\"schema\":2,\"runs\":[]}\n");
        assertThat(add(report)).isEqualTo(2);
        assertThat(past.err.toString()).contains(report + " has no runs").hasLineCount(1);
        assertThat(past.ksplat("history", "show", "--history", file())).isEqualTo(2);
        assertThat(past.err.toString()).contains("the history has no runs: ksplat history add REPORT");
    }
}
