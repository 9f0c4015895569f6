// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class RunLogTest {
    @TempDir
    Path temporary;

    private static JsonNode results(Path folder) throws IOException {
        return new ObjectMapper().readTree(Files.readAllBytes(folder.resolve("results.json")));
    }

    @Test
    void isThereBeforeAnyRun() throws IOException {
        Path folder = temporary.resolve("a/b");
        RunLog.in(folder);
        assertThat(results(folder)).isEqualTo(new ObjectMapper().readTree("{\"schema\": 1, \"runs\": []}"));
    }

    @Test
    void entersARunThatHasBegunAsAnErrorThatDidNotFinish() throws IOException {
        RunLog report = RunLog.in(temporary);
        Path run = report.begin("nmi-map-delete/task-hash", Runs.KERNEL, 2, Verdict.DEADLOCK);
        assertThat(run)
                .isEqualTo(temporary.resolve("nmi-map-delete+task-hash/7.2.13-cloud/2"))
                .isDirectory();
        JsonNode entry = results(temporary).path("runs").path(0);
        assertThat(entry.path("verdict").asText()).isEqualTo("ERROR");
        assertThat(entry.path("expected").asText()).isEqualTo("DEADLOCK");
        assertThat(entry.path("message").asText()).startsWith("the run did not finish");
        assertThat(temporary.resolve("TEST-nmi-map-delete+task-hash.xml"))
                .content()
                .contains("errors=\"1\"")
                .contains("did not finish");
    }

    @Test
    void replacesItWhenTheRunEnds() throws IOException {
        RunLog report = RunLog.in(temporary);
        List<RunRecord> heard = new ArrayList<>();
        report.listen(heard::add);
        report.begin("a", Runs.KERNEL, 1, Verdict.DEADLOCK);
        RunRecord run = Runs.run("a", 1, Verdict.DEADLOCK, Verdict.DEADLOCK);
        report.end(run);
        assertThat(results(temporary).path("runs").findValuesAsText("verdict")).containsExactly("DEADLOCK");
        assertThat(report.folder(run).resolve("evidence.json")).content().contains("\"kind\" : \"lockdep-circular\"");
        assertThat(temporary.resolve("TEST-a.xml")).content().contains("errors=\"0\"");
        assertThat(heard).containsExactly(run);
        assertThat(report.runs()).containsExactly(run);
    }

    @Test
    void keepsEachReproducersRunsInAFileOfItsOwn() throws IOException {
        RunLog report = RunLog.in(temporary);
        report.end(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        report.end(Runs.run("b", 1, Verdict.CLEAN, Verdict.CLEAN));
        report.end(Runs.run("a", 2, Verdict.CLEAN, Verdict.CLEAN));
        assertThat(temporary.resolve("TEST-a.xml")).content().contains("tests=\"2\"");
        assertThat(temporary.resolve("TEST-b.xml")).content().contains("tests=\"1\"");
        assertThat(results(temporary).path("runs").findValuesAsText("reproducer"))
                .containsExactly("a", "b", "a");
    }

    @Test
    void leavesNoFileOfAnEarlierRunInTheFolderOfOneThatBegins() throws IOException {
        RunLog report = RunLog.in(temporary);
        Path run = report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
        Files.writeString(run.resolve("console.log"), "old");
        report.end(Runs.run("a", 1, Verdict.DEADLOCK, Verdict.CLEAN));
        RunLog.in(temporary).begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
        assertThat(run).isEmptyDirectory();
    }

    @Test
    void isWholeAtEveryMomentThatAReaderMayLook() throws Exception {
        RunLog report = RunLog.in(temporary);
        CountDownLatch done = new CountDownLatch(1);
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> reader = threads.submit(() -> {
                int seen = 0;
                int looks = 0;
                while (done.getCount() > 0 || looks == 0) {
                    int runs = results(temporary).path("runs").size();
                    assertThat(runs).isGreaterThanOrEqualTo(seen);
                    seen = runs;
                    looks++;
                }
                return looks;
            });
            for (int i = 1; i <= 150; i++) {
                report.begin("a", Runs.KERNEL, i, Verdict.CLEAN);
                report.end(Runs.run("a", i, Verdict.DEADLOCK, Verdict.CLEAN));
            }
            done.countDown();
            assertThat(reader.get(10, TimeUnit.SECONDS)).isPositive();
        } finally {
            threads.shutdownNow();
        }
        assertThat(results(temporary).path("runs")).hasSize(150);
        try (var files = Files.list(temporary)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("results.json", "table.md", "open-test-report.xml", "TEST-a.xml", "a");
        }
    }

    @Test
    void takesRunsFromManyThreads() throws Exception {
        RunLog report = RunLog.in(temporary);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 1; i <= 20; i++) {
                int attempt = i;
                all.add(threads.submit(() -> {
                    report.begin("a", Runs.KERNEL, attempt, Verdict.CLEAN);
                    report.end(Runs.run("a", attempt, Verdict.CLEAN, Verdict.CLEAN));
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get(10, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(results(temporary).path("runs").findValuesAsText("verdict"))
                .hasSize(20)
                .containsOnly("CLEAN");
    }

    @Test
    void saysInOneLineWhyAFolderCannotBeWrittenAndWhatToDo() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        for (Path folder : List.of(file, file.resolve("below"), Path.of("/proc/ksplat-report"))) {
            assertThatThrownBy(() -> RunLog.in(folder))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("the report folder " + folder + " cannot be written (")
                    .hasMessageEndingWith("): name another with --report")
                    .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("\n", "Exception"));
        }
    }

    @Test
    void keepsWhatIsThereWhereAFileCannotBeReplaced() throws IOException {
        RunLog report = RunLog.in(temporary);
        report.end(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        byte[] before = Files.readAllBytes(temporary.resolve("results.json"));
        Files.createDirectories(temporary.resolve("results.json.part/in-the-way"));
        assertThatThrownBy(() -> report.end(Runs.run("a", 2, Verdict.CLEAN, Verdict.CLEAN)))
                .isInstanceOf(IOException.class);
        assertThat(temporary.resolve("results.json")).hasBinaryContent(before);
    }

    @Test
    void runsStandInTheOrderThatWasAskedForHoweverTheyBegin() throws IOException {
        RunLog report = RunLog.in(temporary);
        report.end(Runs.run("before", 9, Verdict.CLEAN, Verdict.CLEAN));
        report.order(run -> run.reproducer().equals("before") ? -1 : run.attempt());
        report.begin("a", Runs.KERNEL, 3, Verdict.CLEAN);
        report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
        report.end(Runs.run("a", 3, Verdict.CLEAN, Verdict.CLEAN));
        report.end(Runs.run("a", 2, Verdict.CLEAN, Verdict.CLEAN));

        assertThat(results(temporary).path("runs").findValuesAsText("attempt")).containsExactly("9", "1", "2", "3");
        assertThat(Files.readString(temporary.resolve("TEST-a.xml"))).containsSubsequence("#1\"", "#2\"", "#3\"");
        assertThat(report.runs()).extracting(RunRecord::attempt).containsExactly(9, 1, 2, 3);
    }

    @Test
    void aRunThatIsOnIsNotBegunAgain() throws IOException {
        RunLog report = RunLog.in(temporary);
        report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);

        assertThatThrownBy(() -> report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is on already");

        report.end(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
    }
}
