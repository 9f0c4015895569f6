// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.campaign.Bug;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.kernel.internal.build.TouchedFunction;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the function that a series changes and that the evidence against the series names. */
final class AccusedFunction {
    private AccusedFunction() {}

    /** Returns it; empty if the series is not accused, or if the evidence names none of its functions. */
    static Optional<TouchedFunction> of(Comparison pairs, List<TouchedFunction> touched) {
        boolean breaks = pairs.verdict().equals(Optional.of(PatchVerdict.BREAKS));
        if (!breaks && !pairs.verdict().equals(Optional.of(PatchVerdict.DOES_NOT_CURE))) {
            return Optional.empty();
        }
        Set<String> ofBase = new HashSet<>();
        if (breaks) {
            pairs.baseRuns().forEach(run -> ofBase.addAll(Bug.signaturesOf(run)));
        }
        List<String> named = new ArrayList<>();
        pairs.patchedRuns().forEach(run -> named.addAll(names(run, ofBase)));
        return named.stream()
                .flatMap(name -> touched.stream().filter(each -> each.function().equals(name)))
                .findFirst();
    }

    private static List<String> names(RunRecord run, Set<String> ofBase) {
        Stream<String> seen = run.evidence().stream()
                .filter(found -> !ofBase.contains(found.signature()))
                .flatMap(AccusedFunction::names);
        // Controls are named after functions: freed:delayed_put_task_struct.
        Stream<String> missing = run.controls().stream()
                .filter(control -> run.evidence().isEmpty())
                .filter(control -> control.role() == Control.Role.EFFECT && !control.passed())
                .map(control -> control.name().replaceFirst(".*:", ""));
        return Stream.concat(seen, missing).toList();
    }

    private static Stream<String> names(Evidence found) {
        return Stream.concat(
                        found.function().stream(),
                        found.stacks().stream()
                                .flatMap(stack -> stack.frames().stream())
                                .map(Frame::function))
                // The compiler's copies: f.part.0, f.constprop.0.
                .map(name -> name.replaceFirst("\\..*", ""));
    }
}
