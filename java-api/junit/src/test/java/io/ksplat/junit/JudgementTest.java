// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** How the test method ended never makes a machine clean, and never hides what was seen. */
class JudgementTest {
    private static final Control PASSED = Control.effect("dropped", 1, 1);
    private static final Control FAILED = Control.effect("freed", 2, 0);

    private static Observation.Outcome seen(boolean alive, Control... controls) {
        return new Observation.Outcome(List.of(), List.of(controls), alive, Optional.empty());
    }

    private static Observation.Outcome deadlock() {
        Evidence stuck = new Evidence(
                EvidenceKind.CPU_STUCK,
                "CPU 0 stuck",
                "cpu-stuck:nmi",
                List.of(),
                List.of(),
                List.of(),
                Source.OUTSIDE,
                OptionalDouble.empty());
        return new Observation.Outcome(List.of(stuck), List.of(FAILED), false, Optional.empty());
    }

    private static Judgement reproducer(Observation.Outcome seen, Optional<Throwable> thrown) {
        return Judgement.of(seen, true, thrown, Optional.empty());
    }

    private static Judgement test(Observation.Outcome seen, Throwable thrown) {
        return Judgement.of(seen, false, Optional.of(thrown), Optional.empty());
    }

    @Test
    void cleanIsOnlyWhatReturnedWithEveryControlPassed() {
        assertThat(reproducer(seen(true, PASSED), Optional.empty()))
                .isEqualTo(new Judgement(Verdict.CLEAN, Optional.empty()));
        assertThat(reproducer(seen(true, PASSED, FAILED), Optional.empty()))
                .isEqualTo(new Judgement(Verdict.INCONCLUSIVE, Optional.of("control freed saw 0 of 2")));
        assertThat(reproducer(seen(true), Optional.empty()))
                .isEqualTo(new Judgement(Verdict.INCONCLUSIVE, Optional.of("the reproducer has no controls")));
        assertThat(reproducer(seen(false, PASSED), Optional.empty()).message())
                .contains("not every CPU's heart beat until the end");
    }

    @Test
    void aMethodThatThrewIsAnErrorWhateverTheControlsSay() {
        assertThat(reproducer(seen(true, PASSED), Optional.of(new IOException("the agent is gone"))))
                .isEqualTo(new Judgement(Verdict.ERROR, Optional.of("java.io.IOException: the agent is gone")));
        assertThat(reproducer(seen(true, PASSED), Optional.of(new AssertionError("1 is 2"))))
                .extracting(Judgement::verdict)
                .isEqualTo(Verdict.ERROR);
    }

    @Test
    void evidenceOutweighsHowTheMethodEnded() {
        assertThat(reproducer(deadlock(), Optional.of(new IOException("the agent is gone"))))
                .isEqualTo(new Judgement(Verdict.DEADLOCK, Optional.empty()));
        assertThat(test(deadlock(), new TestAbortedException("not here")).verdict())
                .isEqualTo(Verdict.DEADLOCK);
        assertThat(Judgement.of(deadlock(), true, Optional.empty(), Optional.of("Ctrl-C")))
                .extracting(Judgement::verdict)
                .isEqualTo(Verdict.DEADLOCK);
    }

    @Test
    void aTestThatAssertsMayFailOrBeAborted() {
        assertThat(test(seen(true, PASSED), new AssertionError("1 is 2")))
                .isEqualTo(new Judgement(Verdict.INCONCLUSIVE, Optional.of("java.lang.AssertionError: 1 is 2")));
        assertThat(test(seen(true, PASSED), new TestAbortedException("no such file"))
                        .verdict())
                .isEqualTo(Verdict.UNSUPPORTED);
        assertThat(test(seen(true, PASSED), new IllegalStateException("broken")).verdict())
                .isEqualTo(Verdict.ERROR);
    }

    @Test
    void troubleAndInterruptionAreErrorsAndSayWhich() {
        Observation.Outcome trouble =
                new Observation.Outcome(List.of(), List.of(PASSED), true, Optional.of("QEMU ended"));
        assertThat(reproducer(trouble, Optional.empty()))
                .isEqualTo(new Judgement(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(test(trouble, new AssertionError("1 is 2")))
                .isEqualTo(new Judgement(Verdict.ERROR, Optional.of("QEMU ended")));
        assertThat(Judgement.of(seen(true, PASSED), true, Optional.empty(), Optional.of("Ctrl-C")))
                .isEqualTo(new Judgement(Verdict.ERROR, Optional.of("Ctrl-C")));
    }
}
