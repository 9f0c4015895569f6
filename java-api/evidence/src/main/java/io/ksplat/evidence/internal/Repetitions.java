// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/** Makes one of reports that repeat each other. */
final class Repetitions {
    private Repetitions() {}

    /**
     * Returns the evidence with all that has one key as one, in the place of the first.
     *
     * @param key empty for what stays apart from everything
     * @param both makes one of two
     */
    static List<Evidence> together(
            List<Evidence> evidence, Function<Evidence, Optional<?>> key, BinaryOperator<Evidence> both) {
        Map<Object, Integer> places = new HashMap<>();
        List<Evidence> merged = new ArrayList<>();
        for (Evidence found : evidence) {
            Optional<Integer> place = key.apply(found).map(same -> places.putIfAbsent(same, merged.size()));
            if (place.isEmpty()) {
                merged.add(found);
            } else {
                merged.set(place.get(), both.apply(merged.get(place.get()), found));
            }
        }
        return merged;
    }

    /** Begins one of two: it counts both, and has lasted as long as the longer one says. */
    static EvidenceBuilder counted(Evidence kept, Evidence other) {
        return kept.toBuilder().count(kept.count() + other.count()).seconds(longer(kept.seconds(), other.seconds()));
    }

    private static OptionalDouble longer(OptionalDouble one, OptionalDouble other) {
        return one.isPresent() && other.isPresent()
                ? OptionalDouble.of(Math.max(one.getAsDouble(), other.getAsDouble()))
                : one.isPresent() ? one : other;
    }
}
