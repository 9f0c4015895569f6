// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.Runs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportMergeTest {
    @TempDir
    Path folder;

    private Path report(String name, RunRecord... runs) throws IOException {
        Path report = folder.resolve(name);
        try (RunLog log = RunLog.in(report)) {
            for (RunRecord run : runs) {
                Path files = log.begin(run.reproducer(), run.kernel(), run.attempt(), run.expected());
                Files.writeString(files.resolve("console.log"), "console of " + name);
                log.end(run);
            }
        }
        return report;
    }

    private static RunRecord run(String id, int attempt, String message) {
        return Runs.run(id, attempt, Verdict.CLEAN, Verdict.CLEAN).toBuilder()
                .message(message)
                .note(message)
                .build();
    }

    /** Every file with its content. */
    private static Map<String, String> tree(Path report) throws IOException {
        Map<String, String> tree = new TreeMap<>();
        try (var files = Files.walk(report)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                tree.put(report.relativize(file).toString(), Files.readString(file, StandardCharsets.UTF_8));
            }
        }
        return tree;
    }

    @Test
    void joinsRunsAndTheirFiles() throws IOException {
        Path one = report("one", run("a", 1, "x"), run("b", 1, "x"));
        Path two = report("two", run("a", 2, "x"));
        Path out = folder.resolve("out");
        List<RunRecord> runs = ReportMerge.of(List.of(one, two), out);

        assertThat(runs).containsExactly(run("a", 1, "x"), run("a", 2, "x"), run("b", 1, "x"));
        assertThat(ResultsReader.read(out)).isEqualTo(runs);
        assertThat(tree(out))
                .containsEntry("a/7.2.13-cloud/1/console.log", "console of one")
                .containsEntry("a/7.2.13-cloud/2/console.log", "console of two")
                .containsKeys(
                        "results.json", "summary.md", "table.md", "open-test-report.xml", "TEST-a.xml", "TEST-b.xml");
    }

    @Test
    void countsARunThatIsInBothOnce() throws IOException {
        Path one = report("one", run("a", 1, "x"));
        Path two = report("two", run("a", 1, "x"), run("a", 2, "x"));
        assertThat(ReportMerge.of(List.of(one, two, one), folder.resolve("out")))
                .hasSize(2);
    }

    @Test
    void givesADifferentRunOfTheSameNameTheNextFreeNumber() throws IOException {
        Path one = report("one", run("a", 1, "x"), run("a", 2, "x"));
        Path two = report("two", run("a", 1, "log: a/7.2.13-cloud/1/verifier.log"));
        Path out = folder.resolve("out");
        assertThat(ReportMerge.of(List.of(two, one), out))
                .containsExactly(run("a", 1, "x"), run("a", 2, "x"), run("a", 3, "log: a/7.2.13-cloud/3/verifier.log"));
        assertThat(out.resolve("a/7.2.13-cloud/3/console.log")).hasContent("console of two");
        assertThat(out.resolve("TEST-a.xml")).content().contains("tests=\"3\"").contains("#3\"");
    }

    @Test
    void isTheSameForEveryOrder() throws IOException {
        List<Path> reports = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            reports.add(report("r" + i, run("a", 1, "message " + i % 3), run("a", i, "x"), run("b/c", 1, "y" + i)));
        }
        ReportMerge.of(reports, folder.resolve("out"));
        Map<String, String> expected = tree(folder.resolve("out"));
        Random random = new Random(1);
        for (int i = 0; i < 10; i++) {
            Collections.shuffle(reports, random);
            Path out = folder.resolve("out" + i);
            ReportMerge.of(reports, out);
            assertThat(tree(out)).isEqualTo(expected);
        }
    }

    @Test
    void readsReportsOfAKsplatThatWasKilledAndOfOlderOnes() throws IOException {
        RunLog killed = RunLog.in(folder.resolve("killed"));
        killed.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
        Path old = Files.createDirectories(folder.resolve("old"));
        Files.copy(Path.of("src/test/resources/golden/results-1.json"), old.resolve("results.json"));
        Path out = folder.resolve("out");
        List<RunRecord> runs = ReportMerge.of(List.of(folder.resolve("killed"), old), out);
        assertThat(runs).hasSize(6);
        assertThat(runs.stream().filter(run -> !run.isFinished()).map(RunRecord::reproducer))
                .containsExactly("a", "kptr-acquire/kptr-get");
        assertThat(ResultsReader.read(out)).isEqualTo(runs);
    }

    @Test
    void doesNotFollowLinksOutOfAReport() throws IOException {
        Path one = report("one", run("a", 1, "x"));
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        Files.createSymbolicLink(one.resolve("a/7.2.13-cloud/1/link"), secret);
        Files.createSymbolicLink(one.resolve("a/7.2.13-cloud/1/up"), folder);
        ReportMerge.of(List.of(one), folder.resolve("out"));
        assertThat(tree(folder.resolve("out"))).doesNotContainValue("secret");
    }

    @Test
    void doesNotJoinAReportIntoItself() throws IOException {
        Path one = report("one", run("a", 1, "x"));
        for (Path out : List.of(one, one.resolve("out"), folder)) {
            assertThatThrownBy(() -> ReportMerge.of(List.of(one), out))
                    .isInstanceOf(IOException.class)
                    .hasMessage("cannot join " + one + " into " + out + ": name a folder beside it with --report");
        }
        assertThat(ResultsReader.read(one)).hasSize(1);
    }

    @Test
    void refusesARunThatLiesInTheFolderOfAnother() throws IOException {
        Path one = report("one", run("a", 1, "x"));
        Path moved = Files.createDirectories(one.resolve("a/7.2.13-cloud/7")).resolve("run.json");
        Files.copy(one.resolve("a/7.2.13-cloud/1/run.json"), moved);
        assertThatThrownBy(() -> ReportMerge.of(List.of(one), folder.resolve("out")))
                .isInstanceOf(IOException.class)
                .hasMessage(moved + " is damaged: it is of the run a/7.2.13-cloud/1");
    }
}
