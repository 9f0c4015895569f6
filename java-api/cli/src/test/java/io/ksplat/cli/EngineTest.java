// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.fleet.Engine;
import io.ksplat.campaign.internal.patch.PatchResult;
import io.ksplat.campaign.internal.patch.PatchTrial;
import io.ksplat.campaign.internal.patch.PatchVerdict;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sequential tests whose attempts run as ksplats of their own, as srun and ssh begin them: some of them ahead of what is needed. */
@Timeout(value = 15, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EngineTest {
    private static final KernelSpec BUGGY = KernelSpec.parse("debian:6.12");
    private static final KernelSpec CURED = KernelSpec.parse("debian:7.2");
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir
    Path folder;

    private Engine engine(String command, Duration deadline, int jobs) throws Exception {
        return engine(command, deadline, jobs, folder.resolve("scratch"));
    }

    private Engine engine(String command, Duration deadline, int jobs, Path scratch) throws Exception {
        return new Engine(new Engine.Way(
                command,
                SlurmCluster.launcher(folder, scratch),
                Files.createDirectory(folder.resolve("through")),
                deadline,
                jobs));
    }

    private static Trial trial(Engine engine, RunLog report) throws Exception {
        return trial(engine, report, "map-reentry/queue");
    }

    private static Trial trial(Engine engine, RunLog report, String word) throws Exception {
        Reproducers.Choice choice =
                new Reproducers(ProgramMixin.Words.NONE).find(List.of(word)).get(0);
        return ThroughMixin.trial(
                engine,
                (kernel, attempt) -> {
                    throw new AssertionError("it runs here");
                },
                choice,
                ProgramMixin.Words.NONE,
                Optional.empty(),
                SessionOptions.standard(Progress.NONE).calledWith(List.of("patch", "a.patch")),
                report);
    }

    private PatchResult compare(KernelSpec base, KernelSpec other) throws Exception {
        return compare(base, other, engine("env KSPLAT_TEST=1", LONG, 3));
    }

    private PatchResult compare(KernelSpec base, KernelSpec other, Engine opened) throws Exception {
        try (RunLog report = RunLog.in(folder.resolve("report"));
                Engine engine = opened) {
            return new PatchTrial(List.of(trial(engine, report)), base, other, 0.05, 10, Progress.NONE).run();
        }
    }

    private List<String> left() throws Exception {
        try (Stream<Path> files = Files.list(folder.resolve("through"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    @Tag("machine")
    @Tag("full")
    void theSidesOfATrialRunThroughIt() throws Exception {
        isCured(compare(BUGGY, CURED));
    }

    /** As four nodes of Debian's Slurm. */
    @Test
    @Tag("machine")
    @Tag("full")
    void theSidesOfATrialRunThroughSrun() throws Exception {
        try (SlurmCluster cluster = SlurmCluster.start(Files.createDirectory(folder.resolve("slurm")))) {
            String srun = String.join(" ", cluster.inside()) + " srun --quiet --ntasks=1";
            isCured(compare(BUGGY, CURED, engine(srun, LONG, 4, cluster.scratch())));
            cluster.await("no job is left", () -> cluster.run("squeue -h").isEmpty());
        }
    }

    private void isCured(PatchResult result) throws Exception {
        assertThat(result.verdict()).isEqualTo(PatchVerdict.CURES);
        List<RunRecord> runs = ResultsReader.read(folder.resolve("report"));
        assertThat(runs)
                .extracting(run -> run.kernel().spec() + " " + run.attempt() + " " + run.verdict())
                .as("in order, whichever was first")
                .startsWith("debian:6.12 1 DEADLOCK", "debian:7.2 1 CLEAN", "debian:6.12 2 DEADLOCK");
        assertThat(runs).as("and none that nobody asked for").hasSize(6).allSatisfy(run -> {
            assertThat(run.tool().orElseThrow().arguments()).startsWith("patch");
            assertThat(folder.resolve("report/map-reentry+queue")
                            .resolve(run.kernel().key() + "/" + run.attempt() + "/console.log"))
                    .exists();
        });
        assertThat(left()).isEmpty();
    }

    @Test
    @Tag("machine")
    @Tag("full")
    void aBugThatStaysIsToldAfterOnePair() throws Exception {
        KernelSpec same = KernelSpec.parse("debian:6.1");
        PatchResult result = compare(BUGGY, same);

        assertThat(result.verdict()).isEqualTo(PatchVerdict.DOES_NOT_CURE);
        assertThat(ResultsReader.read(folder.resolve("report")))
                .extracting(run -> run.kernel().spec() + " " + run.attempt())
                .containsExactly("debian:6.12 1", "debian:6.1 1");
        assertThat(left()).isEmpty();
    }

    /** As ssh does, which begins in another folder. */
    @Test
    @Tag("machine")
    void aFileIsFoundFromAnyFolder() throws Exception {
        Path script = Files.writeString(folder.resolve("hello.sh"), "#!/bin/sh\necho hello\n");
        Path relative = Path.of("").toAbsolutePath().relativize(script);
        try (RunLog report = RunLog.in(folder.resolve("report"));
                Engine engine = engine("cd / &&", LONG, 1)) {
            assertThat(trial(engine, report, relative.toString()).run(CURED, 1))
                    .extracting(RunRecord::verdict)
                    .containsExactly(Verdict.CLEAN);
        }
    }

    @Test
    void anEngineThatRunsNothingIsNamedWithWhatItSaid() throws Exception {
        try (RunLog report = RunLog.in(folder.resolve("report"));
                Engine engine = engine("echo no such partition; false", LONG, 1)) {
            Trial trial = trial(engine, report);
            assertThatThrownBy(() -> trial.run(BUGGY, 1))
                    .hasMessageStartingWith(
                            "unit-0001 (map-reentry/queue on debian:6.12, attempt 1) did not run through"
                                    + " `echo no such partition; false`, 3 times; the last time: exit code 1: no such partition"
                                    + " (what was printed: ")
                    .hasMessageEndingWith("/log-*)");
        }
        assertThat(left()).as("what tells why stays").hasSize(1);
    }

    @Test
    void anEngineThatDoesNotEndIsEnded() throws Exception {
        Path pid = folder.resolve("pid");
        try (RunLog report = RunLog.in(folder.resolve("report"));
                Engine engine = engine("sleep 600 & echo $! >" + pid + "; wait; :", Duration.ofSeconds(1), 1)) {
            Trial trial = trial(engine, report);
            assertThatThrownBy(() -> trial.run(BUGGY, 1)).hasMessageContaining("it did not end within 1 s");
        }
        assertGone(pid);
    }

    @Test
    void whatNobodyWaitsForIsEnded() throws Exception {
        Path pid = folder.resolve("pid");
        try (RunLog report = RunLog.in(folder.resolve("report"));
                Engine engine = engine(
                        "sleep 600 & echo $! >" + pid + ".part; mv " + pid + ".part " + pid + "; wait; :", LONG, 1)) {
            trial(engine, report).announce(BUGGY, 1);
            while (!Files.exists(pid)) {
                Thread.onSpinWait();
            }
        }
        assertGone(pid);
        assertThat(left()).isEmpty();
    }

    private static void assertGone(Path pid) throws Exception {
        long number = Long.parseLong(Files.readString(pid).strip());
        assertThat(ProcessHandle.of(number).filter(ProcessHandle::isAlive))
                .as("the process that it began")
                .isEmpty();
    }
}
