// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Evidence;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What differs from an earlier report.
 *
 * @param baseline what the earlier report is called
 * @param left how many changes are not listed
 */
public record Changes(String baseline, List<Change> changes, int left) {
    private static final int MOST = 300;

    public Changes {
        changes = List.copyOf(changes);
    }

    /**
     * One of them.
     *
     * @param kind {@code verdict}, {@code new signature}, {@code gone signature}, {@code new} or {@code gone}
     * @param href the page of a run that shows it; empty if none does
     */
    public record Change(String kind, String reproducer, String kernel, String what, String href) {}

    private record Place(String reproducer, String kernel) {}

    /** Compares reports by reproducer and kernel spec. */
    public static Changes between(String name, List<RunRecord> before, List<RunRecord> now) {
        Map<Place, List<RunRecord>> old = places(before);
        Map<Place, List<RunRecord>> fresh = places(now);
        Set<String> known = signatures(before);
        Set<String> seen = signatures(now);
        Set<String> told = new TreeSet<>();
        List<Change> changes = new ArrayList<>();
        fresh.forEach((place, runs) -> {
            List<RunRecord> earlier = old.get(place);
            String href = IndexPage.href(runs.get(0));
            if (earlier == null) {
                changes.add(change("new", place, words(runs), href));
            } else if (!verdicts(earlier).equals(verdicts(runs))) {
                changes.add(change("verdict", place, words(earlier) + ", now " + words(runs), href));
            }
            for (RunRecord run : runs) {
                for (Evidence found : run.evidence()) {
                    if (!known.contains(found.signature()) && told.add(found.signature())) {
                        changes.add(change("new signature", place, found.signature(), IndexPage.href(run)));
                    }
                }
            }
        });
        old.forEach((place, runs) -> {
            if (!fresh.containsKey(place)) {
                changes.add(change("gone", place, words(runs) + ", not run now", ""));
                return;
            }
            for (RunRecord run : runs) {
                for (Evidence found : run.evidence()) {
                    if (!seen.contains(found.signature()) && told.add(found.signature())) {
                        changes.add(change("gone signature", place, found.signature(), ""));
                    }
                }
            }
        });
        return new Changes(
                name, changes.subList(0, Math.min(MOST, changes.size())), Math.max(0, changes.size() - MOST));
    }

    private static Change change(String kind, Place place, String what, String href) {
        return new Change(kind, place.reproducer(), place.kernel(), what, href);
    }

    private static Map<Place, List<RunRecord>> places(List<RunRecord> runs) {
        Map<Place, List<RunRecord>> places = new LinkedHashMap<>();
        for (RunRecord run : runs) {
            places.computeIfAbsent(new Place(run.reproducer(), run.kernel().spec()), place -> new ArrayList<>())
                    .add(run);
        }
        return places;
    }

    private static Set<String> verdicts(List<RunRecord> runs) {
        Set<String> verdicts = new TreeSet<>();
        runs.forEach(run -> verdicts.add(run.verdict().name()));
        return verdicts;
    }

    private static String words(List<RunRecord> runs) {
        return String.join(" and ", verdicts(runs));
    }

    private static Set<String> signatures(List<RunRecord> runs) {
        Set<String> signatures = new LinkedHashSet<>();
        runs.forEach(run -> run.evidence().forEach(found -> signatures.add(found.signature())));
        return signatures;
    }
}
