// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind.Meaning;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The kernel reports a task that hangs or keeps its CPU again and again: a hung one up to ten times by default
 * (kernel.hung_task_warnings), a soft lockup as long as it lasts (kernel/watchdog.c).
 */
public final class RepeatedHangs {
    private RepeatedHangs() {}

    private record Key(String signature, Optional<Task> task, Object source) {}

    /** Returns the evidence with the reports of one task's stall as one, which counts them and has lasted as long as the last says. */
    public static List<Evidence> together(List<Evidence> evidence) {
        Map<Key, Integer> places = new LinkedHashMap<>();
        List<Evidence> merged = new ArrayList<>();
        for (Evidence found : evidence) {
            Integer place = found.kind().meaning() == Meaning.STALL
                            && found.task().isPresent()
                    ? places.putIfAbsent(new Key(found.signature(), found.task(), found.source()), merged.size())
                    : null;
            if (place == null) {
                merged.add(found);
            } else {
                Evidence first = merged.get(place);
                merged.set(
                        place,
                        first.toBuilder()
                                .count(first.count() + found.count())
                                .seconds(longer(first.seconds(), found.seconds()))
                                .build());
            }
        }
        return merged;
    }

    private static OptionalDouble longer(OptionalDouble one, OptionalDouble other) {
        return one.isPresent() && other.isPresent()
                ? OptionalDouble.of(Math.max(one.getAsDouble(), other.getAsDouble()))
                : one.isPresent() ? one : other;
    }
}
