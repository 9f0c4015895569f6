// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.engine.Run;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides the verdict of a run. Evidence decides first; how the scenario's code ended only tells why there is none.
 *
 * @param message why the verdict is ERROR, INCONCLUSIVE, REJECTED or UNSUPPORTED; else empty
 */
public record RunVerdict(Verdict verdict, Optional<String> message) {
    /**
     * Decides.
     *
     * @param asserts whether assertions of the scenario's code count
     * @param ending how its code ended
     * @param interrupted why the run was ended from outside, if it was
     * @param failures more than the counts of controls that failed, by their names
     */
    public static RunVerdict of(
            Watcher.Seen seen,
            boolean asserts,
            Run.Ending ending,
            Optional<String> interrupted,
            Map<String, String> failures) {
        Verdict verdict = seen.findings().verdict();
        boolean disturbed = seen.trouble().isPresent() || interrupted.isPresent();
        boolean seenFromOutside = !disturbed && !uncertain(seen).isEmpty();
        if (verdict == Verdict.CLEAN || (verdict == Verdict.INCONCLUSIVE && !seenFromOutside)) {
            verdict = withoutEvidence(verdict, seen, asserts, ending, interrupted);
        }
        Optional<String> reason = interrupted.or(seen::trouble).or(ending::reason);
        return switch (verdict) {
            case INCONCLUSIVE ->
                new RunVerdict(
                        verdict,
                        Optional.of(Stream.of(
                                        uncertain(seen).stream(),
                                        reason.map(Stream::of).orElseGet(() -> failed(seen, failures)),
                                        still(seen).stream())
                                .flatMap(parts -> parts)
                                .collect(Collectors.joining("; "))));
            case ERROR, UNSUPPORTED, REJECTED -> new RunVerdict(verdict, reason);
            default -> new RunVerdict(verdict, Optional.empty());
        };
    }

    /** What is seen from outside outweighs how the code ended, also if it decides nothing: an agent that is silent is a symptom. */
    private static List<String> uncertain(Watcher.Seen seen) {
        return seen.evidence().stream()
                .filter(found -> found.source() == Source.OUTSIDE
                        && found.kind().meaning().isUncertain())
                .map(Evidence::title)
                .toList();
    }

    private static Verdict withoutEvidence(
            Verdict verdict, Watcher.Seen seen, boolean asserts, Run.Ending ending, Optional<String> interrupted) {
        if (seen.trouble().isPresent() || interrupted.isPresent()) {
            return Verdict.ERROR;
        }
        boolean lacks = ending instanceof Run.Ending.Lacks || (asserts && ending instanceof Run.Ending.Aborted);
        if (lacks || ending instanceof Run.Ending.Refused) {
            // A machine that does not live is not told by what its code could not do.
            return !seen.everyCpuAlive() ? Verdict.INCONCLUSIVE : lacks ? Verdict.UNSUPPORTED : Verdict.REJECTED;
        }
        boolean asserted =
                asserts && ending instanceof Run.Ending.Threw threw && threw.thrown() instanceof AssertionError;
        if (asserted) {
            return Verdict.INCONCLUSIVE;
        }
        return ending instanceof Run.Ending.Returned ? verdict : Verdict.ERROR;
    }

    private static Stream<String> failed(Watcher.Seen seen, Map<String, String> failures) {
        return seen.controls().isEmpty()
                ? Stream.of("the reproducer has no controls")
                : seen.controls().stream()
                        .filter(control -> !control.passed())
                        .map(control -> failed(control, failures));
    }

    private static Optional<String> still(Watcher.Seen seen) {
        return seen.everyCpuAlive() ? Optional.empty() : Optional.of("not every CPU's heart beat until the end");
    }

    private static String failed(Control control, Map<String, String> failures) {
        String why = failures.get(control.name());
        return why == null
                ? "control " + control.name() + " saw " + control.observed() + " of " + control.bound()
                : "control " + control.name() + ": " + why;
    }
}
