// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.engine.Catalogue;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * All attempts of a campaign, in the order in which they start and are reported.
 *
 * @param places the index of each attempt, by its reproducer, kernel and number
 */
public record Plan(List<Attempt> attempts, Map<String, Integer> places) {
    public Plan {
        attempts = List.copyOf(attempts);
        places = Map.copyOf(places);
    }

    /**
     * One launch of a reproducer's class, which gives one run per case.
     *
     * @param number counted from 1
     * @param more how many attempts follow that differ only in their number
     */
    public record Attempt(Catalogue.Entry reproducer, KernelSpec kernel, int number, int more) {}

    /**
     * Plans the attempts {@code first} to {@code last} of each reproducer on each kernel. An entry that is named twice,
     * or both as a reproducer and as one of its cases, runs once.
     */
    public static Plan of(List<Catalogue.Entry> reproducers, List<KernelSpec> kernels, int first, int last) {
        List<Catalogue.Entry> chosen = reproducers.stream()
                .distinct()
                .filter(entry -> entry.testCase().isEmpty()
                        || reproducers.stream()
                                .noneMatch(other -> other.id().equals(entry.id())
                                        && other.testCase().isEmpty()))
                .toList();
        List<Attempt> attempts = new ArrayList<>();
        for (Catalogue.Entry reproducer : chosen) {
            for (KernelSpec kernel : kernels.stream().distinct().toList()) {
                for (int number = first; number <= last; number++) {
                    attempts.add(new Attempt(reproducer, kernel, number, last - number));
                }
            }
        }
        return of(attempts);
    }

    private static Plan of(List<Attempt> attempts) {
        Map<String, Integer> places = new HashMap<>();
        for (Attempt attempt : attempts) {
            places.put(
                    name(attempt.reproducer().fullId(), attempt.kernel().toString(), attempt.number()), places.size());
        }
        return new Plan(attempts, places);
    }

    /** Returns the same attempts in an order that chance chooses. */
    public Plan shuffled(Random chance) {
        List<Attempt> attempts = new ArrayList<>(this.attempts);
        Collections.shuffle(attempts, chance);
        return of(attempts);
    }

    /** Returns the index of the attempt that a run belongs to, or -1 if it belongs to none. */
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
