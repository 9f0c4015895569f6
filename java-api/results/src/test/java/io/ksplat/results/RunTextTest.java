// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.Runs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTextTest {
    private static final Path REPORT = Path.of("my-report");

    private static RunRecord clean(int attempt) {
        return Runs.run("a", attempt, Verdict.CLEAN, Verdict.CLEAN);
    }

    @Test
    void beginsWithTheVerdictAndEndsWithTheFolder() {
        assertThat(RunText.of(Runs.run("nmi-map-delete/task-hash", 2, Verdict.DEADLOCK, Verdict.CLEAN), REPORT))
                .isEqualTo("""
                        DEADLOCK  nmi-map-delete/task-hash on 7.2.13+deb14-cloud-amd64 (expected CLEAN), attempt 2, 2.5 s (tcg)
                          lockdep-circular: possible deadlock
                            Lockdep predicts: CPU 0: a task holds &rdp->nocb_lock and wants &p->pi_lock.
                            A nmi holds &p->pi_lock and wants &rdp->nocb_lock.
                          CPU 1, nmi:
                            native_queued_spin_lock_slowpath+0x1b
                            ? call_rcu at kernel/rcu/tree.c:3150 (inlined)
                          NMI on CPU 0 at rcu_cblist_enqueue+0x0
                          controls: nmi 1/1, freed:delayed_put_task_struct 1/2 FAILED
                          boots that failed before this one: 1
                          my-report/nmi-map-delete+task-hash/7.2.13-cloud/2
                        """);
    }

    @Test
    void saysWhatElseDiffersAndHowTheProgramEnded() {
        RunRecord run = RunRecord.of("a", new KernelName("debian:7.2", "", "k"), 1)
                .verdict(Verdict.CRASH)
                .expected(Verdict.CRASH)
                .mismatch("expected KASAN-READ, got DoS")
                .message("why")
                .program(new ProgramRecord(OptionalInt.empty(), OptionalInt.of(9), "", ""))
                .target("local")
                .build();
        assertThat(RunText.of(run, REPORT)).isEqualTo("""
                CRASH  a on debian:7.2, attempt 1, 0.0 s (local)
                  not as expected: expected KASAN-READ, got DoS
                  why
                  the program was killed by signal 9
                  my-report/a/k/1
                """);
        assertThat(RunText.of(RunRecord.of("a", Runs.KERNEL, 1).build(), REPORT))
                .contains("(no machine)");
    }

    @Test
    void showsAStackFromOutsideFirstAndNoMoreThanATerminalHolds() {
        Evidence deep = Runs.deadlock("deep")
                .with(Collections.nCopies(
                        3,
                        new Stack(OptionalInt.of(0), "task", Collections.nCopies(40, Frame.of("on_the_console", 1)))));
        String text = RunText.of(
                clean(1).toBuilder().evidence(List.of(deep, Runs.stuck())).build(), REPORT);
        assertThat(text).containsSubsequence("queued_spin_lock_slowpath+0x1b", "on_the_console+0x1", "... 26 more");
        assertThat(text.lines()).hasSizeLessThan(50);
    }

    @Test
    void showsPathsBelowTheReportAsTheUserNamedIt() {
        RunRecord run = clean(1).toBuilder()
                .notes(List.of("the verifier's whole log: a/7.2.13-cloud/1/verifier.log", "data/a/7.2.13-cloud/1/x"))
                .build();
        assertThat(RunText.of(run, Path.of("out/r")))
                .contains(
                        "the verifier's whole log: out/r/a/7.2.13-cloud/1/verifier.log\n",
                        "  data/a/7.2.13-cloud/1/x\n");
    }

    @Test
    void leavesTheTerminalAlone() {
        RunRecord run =
                clean(1).toBuilder().notes(List.of("\u001b[2J\u0007\rgone")).build();
        assertThat(RunText.of(run, REPORT)).contains("  \ufffd[2J\ufffd\ufffdgone\n");
    }

    /** What {@code ksplat show} prints of a report is what {@code ksplat run} printed. */
    @Test
    void isTheSameForTheReportThatIsReadAgain(@TempDir Path folder) throws IOException {
        Path report = folder.resolve("report");
        StringBuilder printed = new StringBuilder();
        try (RunLog log = RunLog.in(report)) {
            log.listen(run -> printed.append(RunText.of(run, report)));
            log.end(Runs.whole());
            log.end(clean(2).toBuilder()
                    .notes(List.of("log: " + report + "/a/7.2.13-cloud/2/x", "of " + System.getProperty("user.home")))
                    .build());
            log.end(RunRecord.of("c", new KernelName("tree:" + folder + "/linux", "", "k"), 1)
                    .message("cannot build " + folder + "/linux")
                    .build());
            printed.append(RunText.end(log.runs(), report));
        }
        StringBuilder shown = new StringBuilder();
        List<RunRecord> runs = ResultsReader.read(report);
        runs.forEach(run -> shown.append(RunText.of(run, report)));
        shown.append(RunText.end(runs, report));
        assertThat(shown.toString()).isEqualTo(printed.toString()).contains(report + "/a/7.2.13-cloud/2/x");
    }

    @Test
    void countsSeveralRunsAtTheEnd() {
        assertThat(RunText.end(List.of(clean(1)), REPORT)).isEqualTo("Report: my-report\n");
        RunRecord lacking = Runs.run("a", 1, Verdict.UNSUPPORTED, Verdict.UNSUPPORTED);
        assertThat(RunText.end(List.of(lacking), REPORT)).startsWith("Nothing was tested: ");
        assertThat(RunText.end(List.of(lacking, clean(2)), REPORT)).doesNotContain("Nothing");
        assertThat(RunText.end(List.of(clean(1), clean(2)), REPORT))
                .isEqualTo("2 runs: 2 CLEAN, all as expected\nReport: my-report\n");
        assertThat(RunText.end(List.of(clean(1), Runs.run("a", 2, Verdict.DEADLOCK, Verdict.CLEAN)), REPORT))
                .isEqualTo("2 runs: 1 DEADLOCK, 1 CLEAN, 1 not as expected\nReport: my-report\n");
    }

    @Test
    void tellsAFailureOfTheKernelFromOneOfTheTest() {
        assertThat(RunText.failure(Runs.run("a", 1, Verdict.DEADLOCK, Verdict.CLEAN), REPORT))
                .isEqualTo("""
                a on 7.2.13+deb14-cloud-amd64: a bug was seen that was not expected (expected CLEAN, but the verdict is DEADLOCK)
                lockdep-circular: possible deadlock
                  Lockdep predicts: CPU 0: a task holds &rdp->nocb_lock and wants &p->pi_lock.
                  A nmi holds &p->pi_lock and wants &rdp->nocb_lock.
                  CPU 1, nmi:
                    native_queued_spin_lock_slowpath+0x1b
                    ? call_rcu at kernel/rcu/tree.c:3150 (inlined)
                control nmi: 1 of 1
                control freed:delayed_put_task_struct: 1 of 2
                all of it: my-report/a/7.2.13-cloud/1""");
        assertThat(RunText.failure(Runs.run("a", 1, Verdict.CLEAN, Verdict.DEADLOCK), REPORT))
                .startsWith(
                        "a on 7.2.13+deb14-cloud-amd64: the bug that was expected was not seen (expected DEADLOCK,");
        assertThat(RunText.failure(
                        Runs.run("a", 1, Verdict.INCONCLUSIVE, Verdict.CLEAN).toBuilder()
                                .message("a control failed")
                                .build(),
                        REPORT))
                .startsWith(
                        "a on 7.2.13+deb14-cloud-amd64: expected CLEAN, but the verdict is INCONCLUSIVE: a control failed\n");
        assertThat(RunText.failure(
                        Runs.run("a", 1, Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder()
                                .mismatch("the lock is pi_lock")
                                .build(),
                        REPORT))
                .startsWith(
                        "a on 7.2.13+deb14-cloud-amd64: the verdict is DEADLOCK, as expected, but the lock is pi_lock\n");
    }
}
