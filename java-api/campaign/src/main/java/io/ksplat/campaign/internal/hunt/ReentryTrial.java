// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.Bug;
import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Does an operation again at each place that it passes. One run tries all places, each in a turn of its own, so that an
 * operation that is safe takes one machine. The place at which a CPU stays tells itself by its counters, which are read
 * from outside; the rest is tried once more without it.
 */
final class ReentryTrial {
    private static final String ERROR = "error";

    /** How the agent begins what it says of a kernel that loads a program and does not attach it. */
    private static final String ATTACH = "attach program ";

    private final Operation operation;
    private final Together together;
    private final Alone alone;
    private final List<Place> all;
    private final int length;

    private final List<Place> survived = new ArrayList<>();
    private int succeeded;
    private long error;
    private final Map<String, Found> found = new LinkedHashMap<>();
    private final List<String> refused = new ArrayList<>();
    private final List<String> doubts = new ArrayList<>();
    private final List<Place> missed = new ArrayList<>();
    private Optional<Answer> refusal = Optional.empty();
    private boolean failed;

    /** Runs the operation with programs at several places. */
    @FunctionalInterface
    interface Together {
        RunRecord run(List<Place> places) throws IOException, InterruptedException;
    }

    /** Shows what is deadly at one place again, with a reproducer of its own. */
    @FunctionalInterface
    interface Alone {
        /**
         * Shows it.
         *
         * @param number of the lock, from 1
         */
        Finding show(Place place, Verdict deadly, String lock, int number) throws IOException, InterruptedException;
    }

    /** A lock, or an oops, with the places at which it showed. */
    private record Found(Verdict verdict, Finding shown, List<Place> places) {}

    /**
     * Prepares it.
     *
     * @param all the places, in the order in which the operation comes to them
     * @param length of its path, in instructions
     */
    ReentryTrial(Operation operation, Together together, Alone alone, List<Place> all, int length) {
        this.operation = operation;
        this.together = together;
        this.alone = alone;
        this.all = List.copyOf(all);
        this.length = length;
    }

    /** Tries them: each run takes a place away, or divides a group. */
    Tried run() throws IOException, InterruptedException {
        Deque<List<Place>> groups = new ArrayDeque<>(List.of(all));
        while (!groups.isEmpty()) {
            List<Place> group = groups.pop();
            judge(group, together.run(group)).stream()
                    .filter(left -> !left.isEmpty())
                    .forEach(groups::push);
        }
        return answer();
    }

    /** Takes the places whose answer is known, and returns the groups of the rest. */
    private List<List<Place>> judge(List<Place> group, RunRecord run) throws IOException, InterruptedException {
        return switch (run.verdict()) {
            case CLEAN, RECOVERED -> {
                group.forEach(place -> lived(place, run));
                error = Math.max(error, count(run, ERROR));
                yield List.of();
            }
            case DEADLOCK, CRASH -> deadly(group, run);
            case REJECTED, UNSUPPORTED, ERROR -> {
                if (group.size() == 1) {
                    refused(group.get(0), run);
                }
                yield halves(group);
            }
            case INCONCLUSIVE -> inconclusive(group, run);
            default -> throw new IllegalStateException("a verdict that no run has: " + run.verdict());
        };
    }

    private List<List<Place>> deadly(List<Place> group, RunRecord run) throws IOException, InterruptedException {
        Optional<Place> culprit = group.size() == 1
                ? Optional.of(group.get(0))
                : group.stream()
                        .filter(place -> count(run, "entered", place) > count(run, "left", place))
                        .findFirst();
        if (culprit.isEmpty()) {
            // The halves may be clean: what a kernel reports once, or what is deadly only together.
            doubts.add(group.size() + " places together, " + group.get(0).section() + " to "
                    + group.get(group.size() - 1).section() + ": " + Bug.word(run));
            return halves(group);
        }
        add(culprit.get(), run);
        return List.of(without(group, List.of(culprit.get())));
    }

    private void add(Place place, RunRecord run) throws IOException, InterruptedException {
        String lock = Confirmation.lock(run);
        Found same = found.get(lock);
        if (same == null) {
            Finding shown = alone.show(place, run.verdict(), lock, found.size() + 1);
            same = new Found(run.verdict(), shown, new ArrayList<>());
            found.put(lock, same);
        }
        same.places.add(place);
    }

    /** Of places that the operation did not come to again nothing is known. */
    private void lived(Place place, RunRecord run) {
        if (count(run, "left", place) > 0) {
            survived.add(place);
            succeeded += count(run, "succeeded", place) > 0 ? 1 : 0;
        } else if (count(run, "entered", place) == 0) {
            missed.add(place);
        } else {
            doubts.add(place.section() + ": the program did not end");
        }
    }

    private List<List<Place>> inconclusive(List<Place> group, RunRecord run) {
        if (group.stream().allMatch(place -> count(run, "entered", place) == 0)) {
            missed.addAll(group);
            return List.of();
        }
        if (group.size() == 1) {
            doubts.add(group.get(0).section() + ": " + reason(run));
        }
        return halves(group);
    }

    private void refused(Place place, RunRecord run) {
        refused.add(place.section() + ": " + reason(run));
        if (run.verdict() == Verdict.ERROR && !reason(run).startsWith(ATTACH)) {
            failed = true;
            doubts.add(place.section() + ": " + reason(run));
        } else if (refusal.isEmpty()) {
            refusal = Optional.of(run.verdict() == Verdict.UNSUPPORTED ? Answer.UNSUPPORTED : Answer.REJECTED);
        }
    }

    private static String reason(RunRecord run) {
        return run.message().orElse(run.verdict().name());
    }

    private static List<Place> without(List<Place> group, List<Place> some) {
        return group.stream().filter(place -> !some.contains(place)).toList();
    }

    private static List<List<Place>> halves(List<Place> group) {
        int half = group.size() / 2;
        return half == 0 ? List.of() : List.of(group.subList(0, half), group.subList(half, group.size()));
    }

    private static long count(RunRecord run, String what, Place place) {
        return count(run, what + " at " + place.section());
    }

    private static long count(RunRecord run, String control) {
        return run.controls().stream()
                .filter(each -> each.name().equals(control))
                .mapToLong(Control::observed)
                .findFirst()
                .orElse(0);
    }

    private Tried answer() {
        for (Verdict deadly : List.of(Verdict.DEADLOCK, Verdict.CRASH)) {
            List<Found> shown =
                    found.values().stream().filter(one -> one.verdict == deadly).toList();
            if (shown.stream().anyMatch(one -> one.shown.confirmed())) {
                return tried(Answer.valueOf(deadly.name()), notTried());
            }
        }
        if (!found.isEmpty()) {
            return tried(
                    Answer.INCONCLUSIVE,
                    Optional.of("deadly at some places, but the written reproducer did not show it"));
        }
        if (!doubts.isEmpty()) {
            return tried(Answer.INCONCLUSIVE, Optional.of(doubts.get(0)));
        }
        if (survived.isEmpty()) {
            return refusal.isPresent()
                    ? tried(refusal.get(), Optional.of(refused.get(0)))
                    : tried(Answer.INCONCLUSIVE, notTried());
        }
        return succeeded == 0
                ? tried(Answer.REFUSED, Optional.of("it only failed the second time, once with error " + error))
                : tried(Answer.SAFE, notTried());
    }

    /** Names the places of which nothing is known. */
    private Optional<String> notTried() {
        List<String> parts = new ArrayList<>();
        if (!missed.isEmpty()) {
            parts.add("it did not come again to "
                    + String.join(", ", missed.stream().map(Place::section).toList()));
        }
        if (!refused.isEmpty()) {
            parts.add("no program at " + String.join(", ", refused));
        }
        return parts.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", parts));
    }

    private Tried tried(Answer answer, Optional<String> message) {
        List<Finding> findings = found.values().stream().map(this::finding).toList();
        return new Tried(
                operation.name(),
                HuntMode.REENTRY,
                answer,
                length,
                survived.size()
                        + found.values().stream()
                                .mapToInt(one -> one.places.size())
                                .sum(),
                succeeded,
                List.of(),
                findings,
                message,
                // What fails at one place does not take back what another one has shown.
                failed && found.isEmpty());
    }

    private Finding finding(Found one) {
        Finding shown = one.shown;
        List<Place> inOrder = one.places.stream()
                .sorted(Comparator.comparingInt(all::indexOf))
                .toList();
        return new Finding(
                shown.signature(),
                shown.lock(),
                inOrder.get(0).where(),
                inOrder.get(inOrder.size() - 1).where(),
                inOrder.size(),
                shown.confirmed(),
                false,
                Optional.empty(),
                shown.reproducer());
    }
}
