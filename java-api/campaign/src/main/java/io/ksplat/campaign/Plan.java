// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.engine.Catalogue;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All attempts of a campaign, in the order in which they begin and in which their results stand. */
public record Plan(List<Attempt> attempts, Map<String, Integer> places) {
    public Plan {
        attempts = List.copyOf(attempts);
        places = Map.copyOf(places);
    }

    /**
     * One launch of a reproducer's class, which is a run for each of its cases.
     *
     * @param number from 1
     * @param more how many follow that differ in their number alone
     */
    public record Attempt(Catalogue.Entry reproducer, KernelSpec kernel, int number, int more) {}

    /** The attempts {@code first} to {@code last} of each; what is named twice, or by its reproducer and by its case, is run once. */
    static Plan of(List<Catalogue.Entry> reproducers, List<KernelSpec> kernels, int first, int last) {
        List<Catalogue.Entry> chosen = reproducers.stream()
                .distinct()
                .filter(entry -> entry.testCase().isEmpty()
                        || reproducers.stream()
                                .noneMatch(other -> other.id().equals(entry.id())
                                        && other.testCase().isEmpty()))
                .toList();
        List<Attempt> attempts = new ArrayList<>();
        Map<String, Integer> places = new HashMap<>();
        for (Catalogue.Entry reproducer : chosen) {
            for (KernelSpec kernel : kernels.stream().distinct().toList()) {
                for (int number = first; number <= last; number++) {
                    places.put(name(reproducer.fullId(), kernel.toString(), number), attempts.size());
                    attempts.add(new Attempt(reproducer, kernel, number, last - number));
                }
            }
        }
        return new Plan(attempts, places);
    }

    /** The place of the attempt that a run belongs to; -1 for a run of none of them. */
    int place(RunRecord run) {
        String id = run.reproducer();
        Integer place = places.get(name(id, run.kernel().spec(), run.attempt()));
        if (place == null && id.contains("/")) {
            String whole = id.substring(0, id.indexOf('/'));
            place = places.get(name(whole, run.kernel().spec(), run.attempt()));
        }
        return place == null ? -1 : place;
    }

    private static String name(String id, String kernel, int number) {
        return number + " " + id + " " + kernel;
    }
}
