// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Findings;
import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opentest4j.TestAbortedException;

/**
 * What is made of all that was seen. Evidence decides first; how the test method ended only tells why there is none.
 *
 * @param message why the verdict is ERROR, INCONCLUSIVE or UNSUPPORTED; else empty
 */
record Judgement(Verdict verdict, Optional<String> message) {
    /**
     * Judges.
     *
     * @param judged whether the test is a reproducer, whose method asserts nothing
     * @param thrown by the test method, where it did not return
     * @param interrupted why the run was ended from outside, where it was
     */
    static Judgement of(
            Observation.Outcome seen, boolean judged, Optional<Throwable> thrown, Optional<String> interrupted) {
        Verdict verdict = new Findings(seen.evidence(), seen.controls(), seen.everyCpuAlive()).verdict();
        if (verdict == Verdict.CLEAN || verdict == Verdict.INCONCLUSIVE) {
            verdict = withoutEvidence(verdict, seen, judged, thrown, interrupted);
        }
        Optional<String> reason = interrupted.or(seen::trouble).or(() -> thrown.map(Throwable::toString));
        return switch (verdict) {
            case INCONCLUSIVE -> new Judgement(verdict, Optional.of(reason.orElseGet(() -> whyInconclusive(seen))));
            case ERROR, UNSUPPORTED -> new Judgement(verdict, reason);
            default -> new Judgement(verdict, Optional.empty());
        };
    }

    private static Verdict withoutEvidence(
            Verdict verdict,
            Observation.Outcome seen,
            boolean judged,
            Optional<Throwable> thrown,
            Optional<String> interrupted) {
        if (!judged && thrown.filter(TestAbortedException.class::isInstance).isPresent()) {
            return Verdict.UNSUPPORTED;
        }
        boolean disturbed = seen.trouble().isPresent() || interrupted.isPresent();
        boolean asserted =
                !judged && thrown.filter(AssertionError.class::isInstance).isPresent();
        if (asserted && !disturbed) {
            return Verdict.INCONCLUSIVE;
        }
        return disturbed || thrown.isPresent() ? Verdict.ERROR : verdict;
    }

    private static String whyInconclusive(Observation.Outcome seen) {
        List<String> reasons = new ArrayList<>();
        seen.controls().stream()
                .filter(control -> !control.passed())
                .map(Judgement::failed)
                .forEach(reasons::add);
        if (seen.controls().isEmpty()) {
            reasons.add("the reproducer has no controls");
        }
        if (!seen.everyCpuAlive()) {
            reasons.add("not every CPU's heart beat until the end");
        }
        return String.join("; ", reasons);
    }

    private static String failed(Control control) {
        return "control " + control.name() + " saw " + control.observed() + " of " + control.required();
    }
}
