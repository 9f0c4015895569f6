// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.Runs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class RunLogTest {
    @TempDir
    Path temporary;

    /** What the timer of a report would do, and when. */
    private final Deque<Runnable> later = new ArrayDeque<>();

    private final AtomicLong clock = new AtomicLong();

    private static JsonNode results(Path folder) throws IOException {
        return json(folder.resolve("results.json"));
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(Files.readAllBytes(file));
    }

    /** A report whose time passes only when a test says so. */
    private RunLog withoutTime() throws IOException {
        return RunLog.in(temporary, clock::get, (what, nanos) -> later.add(what));
    }

    private static RunRecord clean(String id, int attempt) {
        return Runs.run(id, attempt, Verdict.CLEAN, Verdict.CLEAN);
    }

    @Test
    void isThereBeforeAnyRun() throws IOException {
        Path folder = temporary.resolve("a/b");
        RunLog.in(folder);
        assertThat(results(folder)).isEqualTo(new ObjectMapper().readTree("{\"schema\": 2, \"runs\": []}"));
    }

    @Test
    void entersARunThatHasBegunAsAnErrorThatDidNotFinish() throws IOException {
        RunLog report = RunLog.in(temporary);
        Path run = report.begin("nmi-map-delete/task-hash", Runs.KERNEL, 2, Verdict.DEADLOCK);
        assertThat(run)
                .isEqualTo(temporary.resolve("nmi-map-delete+task-hash/7.2.13-cloud/2"))
                .isDirectory();
        JsonNode file = json(run.resolve("run.json"));
        assertThat(file.path("schema").asInt()).isEqualTo(2);
        assertThat(file.path("unfinished").asBoolean()).isTrue();
        report.flush();
        JsonNode entry = results(temporary).path("runs").path(0);
        assertThat(file.path("run")).isEqualTo(entry);
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
        assertThat(json(report.folder(run).resolve("run.json")).has("unfinished"))
                .isFalse();
        report.close();
        assertThat(results(temporary).path("runs").findValuesAsText("verdict")).containsExactly("DEADLOCK");
        assertThat(report.folder(run).resolve("evidence.json")).content().contains("\"kind\" : \"lockdep-circular\"");
        assertThat(temporary.resolve("TEST-a.xml")).content().contains("errors=\"0\"");
        assertThat(heard).containsExactly(run);
        assertThat(report.runs()).containsExactly(run);
    }

    @Test
    void tellsHowManyRunsItReplaces() throws IOException {
        RunLog before = RunLog.in(temporary);
        before.end(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        before.end(Runs.run("b", 1, Verdict.CLEAN, Verdict.CLEAN));
        before.close();
        assertThat(before.replaced()).isZero();

        assertThat(RunLog.in(temporary).replaced()).isEqualTo(2);
        assertThat(results(temporary).path("runs")).isEmpty();
    }

    @Test
    void keepsEachReproducersRunsInAFileOfItsOwn() throws IOException {
        RunLog report = RunLog.in(temporary);
        report.end(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN));
        report.end(Runs.run("b", 1, Verdict.CLEAN, Verdict.CLEAN));
        report.end(Runs.run("a", 2, Verdict.CLEAN, Verdict.CLEAN));
        report.close();
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
        assertThat(run).isDirectoryContaining("glob:**run.json");
        assertThat(run.resolve("console.log")).doesNotExist();
        assertThat(run.resolve("evidence.json")).doesNotExist();
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
                if (i % 3 == 0) {
                    report.flush();
                }
            }
            done.countDown();
            assertThat(reader.get(60, TimeUnit.SECONDS)).isPositive();
        } finally {
            threads.shutdownNow();
        }
        assertThat(results(temporary).path("runs")).hasSize(150);
        try (var files = Files.list(temporary)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "results.json", "table.md", "summary.md", "open-test-report.xml", "TEST-a.xml", "a");
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
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        report.close();
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
        report.end(clean("a", 1));
        report.flush();
        byte[] before = Files.readAllBytes(temporary.resolve("results.json"));
        Path inTheWay = Files.createDirectories(temporary.resolve("results.json.part/in-the-way"));
        report.end(clean("a", 2));
        assertThatThrownBy(report::flush).isInstanceOf(IOException.class);
        assertThat(temporary.resolve("results.json")).hasBinaryContent(before);

        Files.delete(inTheWay);
        Files.delete(inTheWay.getParent());
        report.flush();
        assertThat(results(temporary).path("runs")).hasSize(2);
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
        report.close();

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

    @Test
    void aRunThatCouldNotBeginMayBeginAgain() throws IOException {
        RunLog report = RunLog.in(temporary);
        Path inTheWay = Files.createFile(temporary.resolve("a"));
        assertThatThrownBy(() -> report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN))
                .isInstanceOf(IOException.class);
        Files.delete(inTheWay);
        report.begin("a", Runs.KERNEL, 1, Verdict.CLEAN);
    }

    /** A ksplat that is killed writes nothing any more: what is on disk at that moment must do. */
    @Test
    void tellsOfEveryRunWithoutEverBeingClosed() throws IOException {
        RunLog report = withoutTime();
        report.begin("a", Runs.KERNEL, 1, Verdict.DEADLOCK);
        RunRecord ended = report.end(Runs.run("a", 1, Verdict.DEADLOCK, Verdict.DEADLOCK));
        report.begin("b", Runs.KERNEL, 1, Verdict.CLEAN);
        assertThat(results(temporary).path("runs").findValuesAsText("verdict"))
                .as("the first, when it began")
                .containsExactly("ERROR");

        List<RunRecord> read = ResultsReader.read(temporary);
        assertThat(read).hasSize(2);
        assertThat(read.get(0)).isEqualTo(ended);
        assertThat(read.get(1).isFinished()).isFalse();
        assertThat(read.get(1).verdict()).isEqualTo(Verdict.ERROR);
    }

    @Test
    void writesTheFilesOfAllRunsEveryFiveSecondsAtMost() throws IOException {
        RunLog report = withoutTime();
        report.end(clean("a", 1));
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(4999));
        report.end(clean("a", 2));
        assertThat(results(temporary).path("runs")).hasSize(1);
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
        report.end(clean("a", 3));
        assertThat(results(temporary).path("runs")).hasSize(3);
        report.end(clean("a", 4));
        assertThat(results(temporary).path("runs")).hasSize(3);
        report.close();
        assertThat(results(temporary).path("runs")).hasSize(4);
    }

    @Test
    void writesThemThoughNoRunEnds() throws IOException {
        RunLog report = withoutTime();
        report.end(clean("a", 1));
        report.end(clean("a", 2));
        assertThat(later).hasSize(1);
        later.remove().run();
        assertThat(results(temporary).path("runs")).as("too early").hasSize(1);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(5));
        later.remove().run();
        assertThat(results(temporary).path("runs")).hasSize(2);
        assertThat(later).isEmpty();
    }

    /** A report of ten thousand runs takes a second to write: twelve times a minute would be a fifth of all time. */
    @Test
    void spendsLittleOfTheTimeOnThem() throws IOException {
        AtomicLong step = new AtomicLong();
        RunLog report = RunLog.in(temporary, () -> clock.addAndGet(step.get()), (what, nanos) -> {});
        report.end(clean("a", 1));
        step.set(TimeUnit.SECONDS.toNanos(1));
        clock.addAndGet(TimeUnit.SECONDS.toNanos(5));
        report.end(clean("a", 2));
        step.set(0);
        assertThat(results(temporary).path("runs")).hasSize(2);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(49));
        report.end(clean("a", 3));
        assertThat(results(temporary).path("runs")).hasSize(2);
        clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
        report.end(clean("a", 4));
        assertThat(results(temporary).path("runs")).hasSize(4);
    }

    /** Bytes, not seconds: of those a busy host has more. */
    @Test
    @Timeout(120)
    void writesTenTimesAsMuchForTenTimesAsManyRuns() throws IOException {
        RunRecord deadlock = Runs.run("nmi-task-kptr", 1, Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder()
                .evidence(ConsoleParser.parse(Files.readAllBytes(
                        Path.of("../evidence/src/test/resources/golden/lockdep-inconsistent-hardirq.log"))))
                .build();
        long few = bytes(200, deadlock);
        long many = bytes(2000, deadlock);
        assertThat((double) many / few).isBetween(9.0, 11.0);
        assertThat(few / 200).as("bytes a run").isLessThan(100_000);
    }

    private long bytes(int runs, RunRecord like) throws IOException {
        try (RunLog report = withoutTime()) {
            for (int i = 1; i <= runs; i++) {
                report.begin(like.reproducer(), Runs.KERNEL, i, Verdict.DEADLOCK);
                report.end(like.toBuilder().attempt(i).build());
            }
            report.close();
            assertThat(report.writeNanos()).isPositive();
            return report.writtenBytes();
        }
    }

    @Test
    void anOlderReportsRunsAreNotOfThisOne() throws IOException {
        Path old;
        try (RunLog report = RunLog.in(temporary)) {
            old = report.folder(report.end(clean("old", 1)));
            Files.writeString(old.resolve("console.log"), "a user may want it");
        }
        Path mine = Files.writeString(
                Files.createDirectories(temporary.resolve("mine/x/1")).resolve("run.json"), "{\"mine\": 1}");
        Path suite = Files.writeString(temporary.resolve("TEST-mine.xml"), "<testsuite/>");
        RunLog.in(temporary).close();

        assertThat(results(temporary).path("runs")).isEmpty();
        assertThat(old.resolve("run.json")).doesNotExist();
        assertThat(temporary.resolve("TEST-old.xml")).doesNotExist();
        assertThat(old.resolve("console.log")).hasContent("a user may want it");
        assertThat(mine).hasContent("{\"mine\": 1}");
        assertThat(suite).hasContent("<testsuite/>");
    }

    @Test
    void aRunThatEndsAfterTheReportWasClosedIsWritten() throws IOException {
        RunLog report = withoutTime();
        report.close();
        report.end(clean("a", 1));
        assertThat(results(temporary).path("runs")).hasSize(1);
    }

    @Test
    void anInterruptedThreadWritesHowItsRunEnded() throws IOException {
        RunLog report = RunLog.in(temporary);
        Thread.currentThread().interrupt();
        report.end(clean("a", 1));
        report.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(ResultsReader.read(temporary)).hasSize(1);
    }

    @Test
    void tellsNothingOfTheMachine() throws IOException {
        Path folder = temporary.resolve("report").toAbsolutePath();
        RunLog report = RunLog.in(folder);
        List<RunRecord> heard = new ArrayList<>();
        report.listen(heard::add);
        KernelName kernel = new KernelName("tree:" + temporary + "/linux+lockdep", "", "linux");
        RunRecord ended = report.end(RunRecord.of("a", kernel, 1)
                .message("cannot read " + System.getProperty("user.home") + "/linux/vmlinux")
                .notes(List.of("the verifier's whole log: " + folder + "/a/linux/1/verifier.log"))
                .build());
        report.close();
        assertThat(ended.notes()).containsExactly("the verifier's whole log: a/linux/1/verifier.log");
        assertThat(heard).containsExactly(ended);
        assertThat(report.runs()).containsExactly(ended);
        // By its spec a caller knows the kernel again.
        assertThat(ended.kernel()).isEqualTo(kernel);
        RunRecord read = ResultsReader.read(folder).get(0);
        assertThat(read.kernel().spec()).isEqualTo("tree:.../linux+lockdep").isEqualTo(report.shownSpec(kernel.spec()));
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(file).content().doesNotContain(temporary.toString(), System.getProperty("user.home"));
            }
        }
    }

    @Test
    void twoControlsOfANameAreBothKept() throws IOException {
        RunLog report = RunLog.in(temporary);
        Control storm = Control.stimulus("storm", 5, 3);
        RunRecord ended = report.end(
                clean("a", 1).toBuilder().controls(List.of(storm, storm)).build());
        assertThat(ended.controls()).containsExactly(storm, Control.stimulus("storm #2", 5, 3));
        assertThat(ResultsReader.read(temporary)).containsExactly(ended);
    }

    @Test
    void aRunNeverLiesOutsideTheReport() throws IOException {
        RunLog report = RunLog.in(temporary.resolve("report"));
        RunRecord run =
                RunRecord.of("..", new KernelName("s", "r", "../../.."), 1).build();
        assertThat(report.folder(report.end(run)))
                .isEqualTo(temporary.resolve("report/+../..+..+../1"))
                .isDirectory();
    }
}
