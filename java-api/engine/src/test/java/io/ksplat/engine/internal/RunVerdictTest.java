// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.AbortedException;
import io.ksplat.engine.Run;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.UnsupportedTargetException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** How the test method ended never makes a machine clean, and never hides what was seen. */
class RunVerdictTest {
    private static final Control PASSED = Control.effect("dropped", 1, 1);
    private static final Control FAILED = Control.effect("freed", 2, 0);

    private static Watcher.Seen seen(boolean alive, Control... controls) {
        return new Watcher.Seen(List.of(), List.of(controls), alive, Optional.empty());
    }

    private static Watcher.Seen deadlock() {
        Evidence stuck = new Evidence(
                EvidenceKind.CPU_STUCK,
                "CPU 0 stuck",
                "cpu-stuck:nmi",
                List.of(),
                List.of(),
                List.of(),
                Source.OUTSIDE,
                OptionalDouble.empty());
        return new Watcher.Seen(List.of(stuck), List.of(FAILED), false, Optional.empty());
    }

    private static Run.Ending ending(Optional<Throwable> thrown) {
        return thrown.map(Run.Ending::of).orElseGet(Run.Ending.Returned::new);
    }

    private static RunVerdict reproducer(Watcher.Seen seen, Optional<Throwable> thrown) {
        return RunVerdict.of(seen, false, ending(thrown), Optional.empty(), Map.of());
    }

    private static RunVerdict test(Watcher.Seen seen, Throwable thrown) {
        return RunVerdict.of(seen, true, ending(Optional.of(thrown)), Optional.empty(), Map.of());
    }

    @Test
    void cleanIsOnlyWhatReturnedWithEveryControlPassed() {
        assertThat(reproducer(seen(true, PASSED), Optional.empty()))
                .isEqualTo(new RunVerdict(Verdict.CLEAN, Optional.empty()));
        assertThat(reproducer(seen(true, PASSED, FAILED), Optional.empty()))
                .isEqualTo(new RunVerdict(Verdict.INCONCLUSIVE, Optional.of("control freed saw 0 of 2")));
        assertThat(reproducer(seen(true), Optional.empty()))
                .isEqualTo(new RunVerdict(Verdict.INCONCLUSIVE, Optional.of("the reproducer has no controls")));
        assertThat(reproducer(seen(false, PASSED), Optional.empty()).message())
                .contains("not every CPU's heart beat until the end");
    }

    @Test
    void aMethodThatThrewIsAnErrorWhateverTheControlsSay() {
        assertThat(reproducer(seen(true, PASSED), Optional.of(new IOException("the agent is gone"))))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("java.io.IOException: the agent is gone")));
        assertThat(reproducer(seen(true, PASSED), Optional.of(new AssertionError("1 is 2"))))
                .extracting(RunVerdict::verdict)
                .isEqualTo(Verdict.ERROR);
    }

    @Test
    void evidenceOutweighsHowTheMethodEnded() {
        assertThat(reproducer(deadlock(), Optional.of(new IOException("the agent is gone"))))
                .isEqualTo(new RunVerdict(Verdict.DEADLOCK, Optional.empty()));
        assertThat(test(deadlock(), new AbortedException(new IllegalStateException("not here")))
                        .verdict())
                .isEqualTo(Verdict.DEADLOCK);
        assertThat(RunVerdict.of(deadlock(), false, new Run.Ending.Returned(), Optional.of("Ctrl-C"), Map.of()))
                .extracting(RunVerdict::verdict)
                .isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void whatIsBlockedOutweighsAnAgentThatIsSilent() {
        Evidence blocked = Evidence.builder(EvidenceKind.TASK_BLOCKED, "init/1 sleeps", "task-blocked:f")
                .build();
        Watcher.Seen seen = new Watcher.Seen(List.of(blocked), List.of(PASSED), true, Optional.empty());
        Throwable late = new MachineException.Late("the agent did not answer");
        assertThat(reproducer(seen, Optional.of(late)))
                .isEqualTo(
                        new RunVerdict(Verdict.INCONCLUSIVE, Optional.of("init/1 sleeps; the agent did not answer")));
        Watcher.Seen gone = new Watcher.Seen(List.of(blocked), List.of(PASSED), true, Optional.of("QEMU ended"));
        assertThat(reproducer(gone, Optional.of(late)).verdict()).isEqualTo(Verdict.ERROR);
        assertThat(reproducer(seen(true, PASSED), Optional.of(late)).verdict()).isEqualTo(Verdict.ERROR);
    }

    @Test
    void whatIsBlockedIsTheOnlyReasonIfAllElseIsWell() {
        Evidence blocked = Evidence.builder(EvidenceKind.TASK_BLOCKED, "init/1 sleeps", "task-blocked:f")
                .build();
        assertThat(reproducer(
                        new Watcher.Seen(List.of(blocked), List.of(PASSED), true, Optional.empty()), Optional.empty()))
                .isEqualTo(new RunVerdict(Verdict.INCONCLUSIVE, Optional.of("init/1 sleeps")));
    }

    /** Who can print on the console must not turn a lost agent into a finding. */
    @Test
    void whatOnlyTheConsoleSaysDoesNotExcuseAMethodThatThrew() {
        Evidence printed = Evidence.builder(EvidenceKind.HUNG_TASK, "task x blocked", "hung-task:f")
                .source(Source.CONSOLE)
                .build();
        assertThat(EvidenceKind.HUNG_TASK.meaning().isUncertain()).isTrue();
        assertThat(reproducer(
                        new Watcher.Seen(List.of(printed), List.of(PASSED), true, Optional.empty()),
                        Optional.of(new IOException("the agent is gone"))))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("java.io.IOException: the agent is gone")));
    }

    @Test
    void aTestThatAssertsMayFailOrBeAborted() {
        assertThat(test(seen(true, PASSED), new AssertionError("1 is 2")))
                .isEqualTo(new RunVerdict(Verdict.INCONCLUSIVE, Optional.of("java.lang.AssertionError: 1 is 2")));
        assertThat(test(seen(true, PASSED), new AbortedException(new IllegalStateException("no such file")))
                        .verdict())
                .isEqualTo(Verdict.UNSUPPORTED);
        assertThat(test(seen(true, PASSED), new IllegalStateException("broken")).verdict())
                .isEqualTo(Verdict.ERROR);
    }

    @Test
    void whatTheTargetCannotDoIsUnsupported() {
        assertThat(reproducer(seen(true, PASSED), Optional.of(new UnsupportedTargetException("no NMIs here"))))
                .isEqualTo(new RunVerdict(Verdict.UNSUPPORTED, Optional.of("no NMIs here")));
    }

    @Test
    void whatIsLackingExcusesNoMachineThatIsGone() {
        Watcher.Seen gone = new Watcher.Seen(List.of(), List.of(), false, Optional.of("QEMU ended"));
        assertThat(reproducer(gone, Optional.of(new UnsupportedTargetException("no NMIs here"))))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(test(gone, new AbortedException(new IllegalStateException("not here"))))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(RunVerdict.of(
                        seen(true, PASSED),
                        false,
                        Run.Ending.of(new UnsupportedTargetException("no NMIs here")),
                        Optional.of("Ctrl-C"),
                        Map.of()))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("Ctrl-C")));
    }

    @Test
    void whatIsLackingExcusesNoHeartThatStandsStill() {
        assertThat(reproducer(seen(false), Optional.of(new UnsupportedTargetException("no NMIs here"))))
                .isEqualTo(new RunVerdict(
                        Verdict.INCONCLUSIVE, Optional.of("no NMIs here; not every CPU's heart beat until the end")));
        assertThat(test(seen(false, FAILED), new AbortedException(new IllegalStateException("not here"))))
                .isEqualTo(new RunVerdict(
                        Verdict.INCONCLUSIVE,
                        Optional.of("java.lang.IllegalStateException: not here;"
                                + " not every CPU's heart beat until the end")));
    }

    @Test
    void aProgramThatTheVerifierRefusesIsRejected() {
        VerifierException refusal = new VerifierException("on_nmi", 13, "R0 !read_ok");
        assertThat(reproducer(seen(true), Optional.of(refusal)))
                .isEqualTo(new RunVerdict(Verdict.REJECTED, Optional.of(refusal.getMessage())));
        Watcher.Seen trouble = new Watcher.Seen(List.of(), List.of(), true, Optional.of("QEMU ended"));
        assertThat(reproducer(trouble, Optional.of(refusal)))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(reproducer(deadlock(), Optional.of(refusal)).verdict()).isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void troubleAndInterruptionAreErrorsAndSayWhich() {
        Watcher.Seen trouble = new Watcher.Seen(List.of(), List.of(PASSED), true, Optional.of("QEMU ended"));
        assertThat(reproducer(trouble, Optional.empty()))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(test(trouble, new AssertionError("1 is 2")))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(RunVerdict.of(seen(true, PASSED), false, new Run.Ending.Returned(), Optional.of("Ctrl-C"), Map.of()))
                .isEqualTo(new RunVerdict(Verdict.ERROR, Optional.of("Ctrl-C")));
    }

    @Test
    void aProcessThatFailedIsToldOf() {
        Watcher.Seen seen = seen(true, Control.stimulus("exit:segv", 1, 0));
        assertThat(RunVerdict.of(
                        seen,
                        false,
                        new Run.Ending.Returned(),
                        Optional.empty(),
                        Map.of("exit:segv", "it was killed by SIGSEGV")))
                .isEqualTo(new RunVerdict(
                        Verdict.INCONCLUSIVE, Optional.of("control exit:segv: it was killed by SIGSEGV")));
    }
}
