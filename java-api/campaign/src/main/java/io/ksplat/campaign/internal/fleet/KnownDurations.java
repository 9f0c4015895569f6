// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** How long an attempt of a reproducer took, by earlier runs. */
public final class KnownDurations {
    private final Map<String, List<Long>> attempts = new HashMap<>();

    /** How long a run took. */
    public record Took(String reproducer, String kernelKey, int attempt, long ms) {}

    /** Adds the runs of a report. */
    public void add(List<RunRecord> runs) {
        addTimes(runs.stream()
                .filter(run -> !run.isError())
                .map(run -> new Took(
                        run.reproducer(),
                        run.kernel().key(),
                        run.attempt(),
                        run.timings().totalMs()))
                .toList());
    }

    /** Adds how long the runs of one report took, without those that failed: the cases of an attempt are one. */
    public void addTimes(List<Took> runs) {
        Map<String, Map<Integer, Long>> times = new HashMap<>();
        for (Took run : runs) {
            for (String id : ids(run.reproducer())) {
                times.computeIfAbsent(key(id, run.kernelKey()), k -> new HashMap<>())
                        .merge(run.attempt(), run.ms(), Long::sum);
            }
        }
        times.forEach((key, ofAttempts) ->
                attempts.computeIfAbsent(key, k -> new ArrayList<>()).addAll(ofAttempts.values()));
    }

    /** A case counts for itself and for its family. */
    private static Set<String> ids(String id) {
        return new TreeSet<>(List.of(id, family(id)));
    }

    private static String family(String id) {
        return id.contains("/") ? id.substring(0, id.indexOf('/')) : id;
    }

    private static String key(String reproducer, String kernel) {
        return reproducer + "\0" + kernel;
    }

    /** Returns the median of what an attempt took, in minutes; empty if there was none. */
    public Optional<Double> minutes(List<String> ids, String kernelKey) {
        double sum = 0;
        for (String id : ids) {
            List<Long> known = new ArrayList<>(attempts.getOrDefault(key(id, kernelKey), List.of()));
            if (known.isEmpty()) {
                return Optional.empty();
            }
            Collections.sort(known);
            sum += known.get(known.size() / 2);
        }
        return Optional.of(Math.round(sum / 60_000 * 1e4) / 1e4);
    }
}
