// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.ClassDigest;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.engine.Catalogue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The reproducers of a plan: what its words mean on this machine, and whether that is what was planned. */
final class PlanWords {
    private PlanWords() {}

    /** Returns the reproducers that words name, each once. */
    static List<FleetPlan.Reproducer> reproducers(List<Reproducers.Choice> choices) throws IOException {
        Map<String, FleetPlan.Reproducer> planned = new LinkedHashMap<>();
        for (Reproducers.Choice choice : choices) {
            boolean covered = choices.stream()
                    .anyMatch(other -> !other.equals(choice)
                            && other.digest().equals(choice.digest())
                            && choice.entries().stream().allMatch(entry -> covers(other, entry)));
            if (!covered) {
                planned.put(choice.word(), reproducer(choice));
            }
        }
        return List.copyOf(planned.values());
    }

    private static boolean covers(Reproducers.Choice whole, Catalogue.Entry entry) {
        return whole.entries().stream()
                .anyMatch(other -> other.testCase().isEmpty()
                        && other.id().equals(entry.id())
                        && entry.testCase().isPresent());
    }

    private static FleetPlan.Reproducer reproducer(Reproducers.Choice choice) throws IOException {
        List<String> ids = choice.entries().stream()
                .map(Catalogue.Entry::fullId)
                .distinct()
                .toList();
        return new FleetPlan.Reproducer(choice.word(), ids, digest(choice));
    }

    private static String digest(Reproducers.Choice choice) throws IOException {
        if (choice.digest().isPresent()) {
            return choice.digest().get();
        }
        return ClassDigest.of(choice.entries());
    }

    /**
     * Returns what the words of a plan mean here.
     *
     * @throws IllegalArgumentException if one means something else than it did where the plan was made
     */
    static Map<String, List<Catalogue.Entry>> entries(FleetPlan plan) throws IOException {
        Reproducers reproducers = new Reproducers(new ProgramMixin.Words(
                plan.settings().options(), plan.settings().arguments()));
        Map<String, List<Catalogue.Entry>> entries = new LinkedHashMap<>();
        List<String> words =
                plan.reproducers().stream().map(FleetPlan.Reproducer::word).toList();
        List<Reproducers.Choice> choices = new ArrayList<>(reproducers.find(words));
        for (Reproducers.Choice choice : choices) {
            String planned = plan.reproducers().stream()
                    .filter(one -> one.word().equals(choice.word()))
                    .map(FleetPlan.Reproducer::digest)
                    .findFirst()
                    .orElse("");
            if (!planned.equals(digest(choice))) {
                throw new IllegalArgumentException(
                        choice.word()
                                + " is not what was planned: its sources differ on this machine; plan again, or bring the same");
            }
            entries.put(choice.word(), choice.entries());
        }
        return entries;
    }
}
