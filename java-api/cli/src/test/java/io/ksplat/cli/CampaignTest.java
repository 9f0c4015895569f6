// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.RunnerTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.internal.ReproducerCatalogue;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.reproducers.acceptance.Prepared;
import io.ksplat.reproducers.acceptance.SplatsBefore;
import io.ksplat.results.RunRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("full")
class CampaignTest {
    @TempDir
    Path folder;

    private List<RunRecord> run(Session session, int repeat) throws Exception {
        return run(session, "nmi-cpumask-kptr", repeat, false);
    }

    private List<RunRecord> run(Session session, String id, int repeat, boolean fresh) throws Exception {
        List<RunRecord> told = new ArrayList<>();
        RunSettings settings = RunSettings.of("debian:7.2").reportedIn(folder).booting(fresh);
        new Campaign(session, settings, 2, JUnitRunner::new)
                .run(
                        List.of(ReproducerCatalogue.load().find(id)),
                        List.of(KernelSpec.parse("debian:7.2")),
                        repeat,
                        told::add,
                        failure -> {
                            throw new AssertionError(failure);
                        });
        return told;
    }

    @Test
    @Tag("machine")
    void oneLabServesManyCampaigns() throws Exception {
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
            assertThat(run(session, 1)).extracting(RunRecord::verdict).containsExactly(Verdict.CLEAN);
            assertThat(session.isInterrupted()).isFalse();
            assertThat(run(session, 2))
                    .as("attempts of the second campaign, and none of the first")
                    .extracting(RunRecord::attempt)
                    .containsExactly(1, 2);
        }
    }

    @Test
    @Tag("machine")
    void repeatsStartFromAMachineThatWasFrozenAfterTheSetUp() throws Exception {
        Prepared.SET_UPS.set(0);
        Prepared.COUNTS.clear();
        Prepared.RANDOM.clear();
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
            assertThat(run(session, "acceptance-prepared", 6, false))
                    .allSatisfy(run -> {
                        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.CLEAN);
                        assertThat(run.origin()).isEqualTo("template");
                    })
                    .hasSize(6);
        }
        assertThat(Prepared.COUNTS)
                .as("each goes on from the second")
                .containsOnly(3L)
                .hasSize(6);
        assertThat(Prepared.SET_UPS.get())
                .as("once for all, and for who began before the machine was frozen")
                .isBetween(1, 3);
        assertThat(Prepared.RANDOM).doesNotHaveDuplicates();
    }

    @Test
    @Tag("machine")
    void freshMachinesAreSetUpEachTime() throws Exception {
        Prepared.SET_UPS.set(0);
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
            assertThat(run(session, "acceptance-prepared", 3, true))
                    .extracting(RunRecord::origin)
                    .containsOnly("boot");
        }
        assertThat(Prepared.SET_UPS).hasValue(3);
    }

    @Test
    @Tag("machine")
    void aMachineThatSplatsInItsSetUpIsNotFrozen() throws Exception {
        SplatsBefore.SET_UPS.set(0);
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
            List<RunRecord> runs = run(session, "acceptance-splats-before", 3, false);

            assertThat(runs)
                    .extracting(RunRecord::verdict)
                    .containsOnly(Verdict.CRASH)
                    .hasSize(3);
            assertThat(runs.get(0).notes()).anyMatch(note -> note.contains("refusing to snapshot"));
            assertThat(runs)
                    .allSatisfy(run -> assertThat(run.timings().totalMs())
                            .as("with the boot that confirms it")
                            .isGreaterThan(2 * run.timings().restoreMs().orElseThrow()));
        }
        assertThat(SplatsBefore.SET_UPS)
                .as("each attempt, and each that confirms one")
                .hasValue(6);
    }

    @Test
    @Tag("machine")
    void controlsOfTheSetUpAreRefused() throws Exception {
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
            assertThat(run(session, "acceptance-controls-before", 1, false))
                    .singleElement()
                    .satisfies(run -> {
                        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
                        assertThat(run.message().orElseThrow()).contains("belong into the test method");
                    });
        }
    }

    /** A bisection looks at several kernels at once. */
    @Test
    @Tag("machine")
    void threadsThatShareARunnerGetTheirOwnRuns() throws Exception {
        List<String> kernels = List.of("debian:6.12", "debian:7.2");
        ExecutorService pool = Executors.newFixedThreadPool(kernels.size());
        try (Session session = Session.open(SessionOptions.standard(Progress.NONE));
                Runner runner = new EntryRunner()) {
            Trial trial = new RunnerTrial(
                    session,
                    runner,
                    ReproducerCatalogue.load().find("nmi-cpumask-kptr"),
                    RunSettings.of("debian:7.2").reportedIn(folder));
            CyclicBarrier together = new CyclicBarrier(kernels.size());
            List<Callable<List<RunRecord>>> trials = kernels.stream()
                    .<Callable<List<RunRecord>>>map(kernel -> () -> {
                        together.await(1, TimeUnit.MINUTES);
                        return trial.run(KernelSpec.parse(kernel), 1);
                    })
                    .toList();
            List<Future<List<RunRecord>>> ended = pool.invokeAll(trials);
            for (int i = 0; i < kernels.size(); i++) {
                assertThat(ended.get(i).get()).hasSize(1);
                assertThat(ended.get(i).get().get(0).kernel().spec()).isEqualTo(kernels.get(i));
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aLabThatIsClosedRunsNothing() throws Exception {
        Session session = Session.open(SessionOptions.standard(Progress.NONE));
        session.close();

        assertThat(run(session, 1)).isEmpty();
    }
}
