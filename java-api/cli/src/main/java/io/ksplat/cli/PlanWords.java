// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.ClassDigest;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.hunt.Operation;
import io.ksplat.campaign.internal.hunt.Operations;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
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

    /** Returns the operations of a hunt. */
    static List<FleetPlan.Reproducer> operations(List<Operation> operations) throws IOException {
        List<FleetPlan.Reproducer> planned = new ArrayList<>();
        for (Operation operation : operations) {
            planned.add(new FleetPlan.Reproducer(
                    operation.name(), List.of(operation.name()), Operations.digest(operation)));
        }
        return planned;
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
     * Returns what the words of a plan mean here; nothing if they are operations of a hunt.
     *
     * @throws IllegalArgumentException if one means something else than it did where the plan was made, or if the anchor is not here
     */
    static Map<String, List<Catalogue.Entry>> entries(FleetPlan plan) throws IOException {
        Map<String, String> planned = new LinkedHashMap<>();
        plan.reproducers().forEach(one -> planned.put(one.word(), one.digest()));
        if (plan.work() instanceof FleetWork.Hunt) {
            for (FleetPlan.Reproducer here : operations(Operations.named(List.copyOf(planned.keySet())))) {
                check(here.word(), planned, here.digest());
            }
            return Map.of();
        }
        if (plan.work() instanceof FleetWork.Sweep sweep) {
            try {
                AnchorShelf.kept(sweep.anchor());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        e.getMessage()
                                + "; bring it from where the plan was made: ksplat cache export FILE --plan PLAN",
                        e);
            }
        }
        Reproducers reproducers = new Reproducers(new ProgramMixin.Words(
                plan.settings().options(), plan.settings().arguments()));
        Map<String, List<Catalogue.Entry>> entries = new LinkedHashMap<>();
        for (Reproducers.Choice choice : reproducers.find(List.copyOf(planned.keySet()))) {
            check(choice.word(), planned, digest(choice));
            entries.put(choice.word(), choice.entries());
        }
        return entries;
    }

    private static void check(String word, Map<String, String> planned, String digest) {
        if (!digest.equals(planned.get(word))) {
            throw new IllegalArgumentException(word
                    + " is not what was planned: its sources differ on this machine; plan again, or bring the same");
        }
    }
}
