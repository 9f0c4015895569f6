// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What an experiment does after its code and its controls. */
@Tag("full")
@Timeout(240)
class QuietTest {
    private static final String KERNEL = "debian:6.12";

    @TempDir
    Path report;

    private RunRecord run(String method) throws IOException {
        LauncherFactory.create()
                .execute(LauncherDiscoveryRequestBuilder.request()
                        .selectors(selectMethod(LateTimer.class.getName() + "#" + method + "(" + Machine.class.getName()
                                + "," + BpfObject.class.getName() + ")"))
                        .configurationParameter("ksplat.kernel", KERNEL)
                        .configurationParameter("ksplat.accelerator", "tcg")
                        .configurationParameter("ksplat.report", report.toString())
                        .build());
        List<RunRecord> runs = ResultsReader.read(report);
        assertThat(runs).hasSize(1);
        return runs.get(0);
    }

    @Reproducer(id = "late-timer", bpf = "late_timer.bpf.c", shows = "what a bpf_timer does late", seed = "none")
    @Expect(verdict = Verdict.CLEAN)
    static final class LateTimer {
        private static void arm(Machine machine, BpfObject bpf, Duration delay, boolean harmful) throws IOException {
            bpf.program("under_lock").attach();
            bpf.global("harmful").set(harmful ? 1 : 0);
            bpf.global("delay_ns").set(delay.toNanos());
            bpf.program("arm").run();
            machine.controls().exactly("armed", bpf.global("armed"), 1);
        }

        @Test
        void deadlocks(Machine machine, BpfObject bpf) throws IOException {
            arm(machine, bpf, Duration.ofSeconds(4), true);
        }

        @Test
        void firesHarmlessly(Machine machine, BpfObject bpf) throws IOException {
            arm(machine, bpf, Duration.ofSeconds(4), false);
            machine.controls().atMost("fired", bpf.global("fired"), 1);
        }

        @Test
        void firesAgainAndAgain(Machine machine, BpfObject bpf) throws IOException {
            bpf.global("again").set(1);
            arm(machine, bpf, Duration.ofMillis(100), false);
            machine.controls().atLeast("fired", bpf.global("fired"), 1);
        }

        @Test
        void firesInAnHour(Machine machine, BpfObject bpf) throws IOException {
            arm(machine, bpf, Duration.ofHours(1), true);
        }

        @Test
        void isWatchedShorter(Machine machine, BpfObject bpf) throws IOException {
            arm(machine, bpf, Duration.ofHours(1), true);
            machine.watch(Duration.ofSeconds(2));
        }

        @Test
        void firesTooOften(Machine machine, BpfObject bpf) throws IOException {
            bpf.global("again").set(1);
            arm(machine, bpf, Duration.ofMillis(50), false);
            machine.controls().atMost("fired", bpf.global("fired"), 2);
        }
    }

    private static Control quiet(RunRecord run) {
        return run.controls().stream()
                .filter(control -> control.name().equals("quiet"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no control quiet: " + run));
    }

    @Test
    void aTimerThatDeadlocksLaterIsAwaited() throws Exception {
        RunRecord run = run("deadlocks");

        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void aTimerThatFiresHarmlesslyIsClean() throws Exception {
        RunRecord run = run("firesHarmlessly");

        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(run.controls())
                .as("no control asks for it: it was awaited")
                .filteredOn(control -> control.name().equals("fired"))
                .extracting(Control::observed)
                .containsExactly(1L);
    }

    @Test
    void aPeriodicTimerIsAwaitedAFewTimes() throws Exception {
        RunRecord run = run("firesAgainAndAgain");

        assertThat(run.evidence()).as(run.toString()).isEmpty();
        assertThat(quiet(run).passed()).as(run.toString()).isTrue();
    }

    @Test
    void whatComesTooLateIsNotClean() throws Exception {
        RunRecord run = run("firesInAnHour");

        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(quiet(run).passed()).isFalse();
        assertThat(run.notes()).anyMatch(note -> note.contains("a bpf_timer is still armed (late)"));
    }

    @Test
    void whoNamesATimeHasDecidedWhatIsAwaited() throws Exception {
        RunRecord run = run("isWatchedShorter");

        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.CLEAN);
        assertThat(quiet(run).passed()).isTrue();
        assertThat(run.notes()).anyMatch(note -> note.contains("still armed"));
    }

    @Test
    void whatHappensTooOftenIsJudgedInTheEnd() throws Exception {
        RunRecord run = run("firesTooOften");

        assertThat(run.verdict()).as(run.toString()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.message().orElseThrow()).contains("control fired saw ").contains(" of at most 2");
    }
}
