// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.sleep;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who waits for whom, read from memory at one moment, and what follows. A task that waits for several others needs all of them: the
 * readers of a lock, the workers of a queue that is flushed. So one that never comes back is enough.
 */
public final class WaitGraph {
    /** What a task does. */
    public enum State {
        /** It sleeps, and has not run in the whole watch. */
        ASLEEP,
        /** It runs, or has run during the watch. */
        RUNS,
        /** It is on a CPU that is stuck for good. */
        STUCK,
        /** It is no task any more. */
        EXITED
    }

    /** How much one wait tells. */
    public enum Strength {
        /** Memory says whom it waits for, and nothing else ends the wait. */
        CERTAIN,
        /** As certain, but only after a watch: a grace period may wait for readers that began after it. */
        CERTAIN_IN_TIME,
        /** Memory says whom it waits for, and that is no reason for concern: a parent of vfork() whose child has yet to exec. */
        PATIENT,
        /** It is likely, or a timeout ends the wait. */
        LIKELY
    }

    /** One task waits for another. */
    public record Edge(long from, long to, Strength strength) {}

    /** What will become of a task that does not move. */
    public enum Fate {
        /** It waits for itself, round a ring. */
        RING,
        /** It waits for a ring. */
        BEHIND_RING,
        /** It waits for a CPU that is stuck. */
        BEHIND_STUCK_CPU,
        /** It waits for a task that has exited with what it holds. */
        OWNER_EXITED,
        /** It waits, as it should, for a task that may take its time. */
        GOOD_REASON,
        /** It is not known to wait for ever. */
        UNKNOWN;

        /** Returns whether nothing can end the wait. */
        public boolean isDeadlock() {
            return this != GOOD_REASON && this != UNKNOWN;
        }
    }

    private final Map<Long, State> states;
    private final List<Edge> edges;
    private final Map<Long, Fate> fates = new LinkedHashMap<>();
    private final List<List<Long>> rings = new ArrayList<>();

    /**
     * Draws conclusions.
     *
     * @param states of every task that an edge names
     * @param watched whether the whole watch has passed, so that what is certain in time is certain
     */
    public WaitGraph(Map<Long, State> states, List<Edge> edges, boolean watched) {
        this.states = Map.copyOf(states);
        this.edges = List.copyOf(edges);
        List<Edge> sure = edges.stream()
                .filter(edge -> edge.strength == Strength.CERTAIN
                        || edge.strength == Strength.PATIENT
                        || (watched && edge.strength == Strength.CERTAIN_IN_TIME))
                .toList();
        findRings(sure);
        spread(sure);
        for (long task : states.keySet()) {
            if (!fates.containsKey(task)) {
                fates.put(task, hasGoodReason(task) ? Fate.GOOD_REASON : Fate.UNKNOWN);
            }
        }
    }

    /** Returns what will become of a task. */
    public Fate fate(long task) {
        return fates.getOrDefault(task, Fate.UNKNOWN);
    }

    /** Returns the rings: each task waits for the next one, the last for the first. */
    public List<List<Long>> rings() {
        return List.copyOf(rings);
    }

    /** Returns the tasks that hang together: each waits for another of them, or is waited for, whatever the strength. */
    public Set<Long> around(long task) {
        Set<Long> found = new LinkedHashSet<>(Set.of(task));
        boolean grows = true;
        while (grows) {
            grows = false;
            for (Edge edge : edges) {
                if (found.contains(edge.from)) {
                    grows |= found.add(edge.to);
                } else if (found.contains(edge.to)) {
                    grows |= found.add(edge.from);
                }
            }
        }
        return found;
    }

    private State state(long task) {
        return states.getOrDefault(task, State.RUNS);
    }

    private void findRings(List<Edge> sure) {
        for (long start : states.keySet()) {
            if (state(start) == State.ASLEEP && !fates.containsKey(start)) {
                path(start, start, sure, new HashSet<>()).ifPresent(ring -> {
                    ring.forEach(task -> fates.put(task, Fate.RING));
                    rings.add(ring);
                });
            }
        }
    }

    /** Returns a way from a task to another through tasks that sleep. */
    private Optional<List<Long>> path(long from, long to, List<Edge> sure, Set<Long> visited) {
        if (!visited.add(from)) {
            return Optional.empty();
        }
        for (Edge edge : sure) {
            if (edge.from != from || state(edge.to) != State.ASLEEP) {
                continue;
            }
            if (edge.to == to) {
                return Optional.of(List.of(from));
            }
            Optional<List<Long>> rest = path(edge.to, to, sure, visited);
            if (rest.isPresent()) {
                List<Long> way = new ArrayList<>(List.of(from));
                way.addAll(rest.get());
                return Optional.of(way);
            }
        }
        return Optional.empty();
    }

    private void spread(List<Edge> sure) {
        boolean grows = true;
        while (grows) {
            grows = false;
            for (Edge edge : sure) {
                Optional<Fate> fate = behind(edge.to);
                if (state(edge.from) == State.ASLEEP && fate.isPresent() && !fates.containsKey(edge.from)) {
                    fates.put(edge.from, fate.get());
                    grows = true;
                }
            }
        }
    }

    private Optional<Fate> behind(long task) {
        return switch (state(task)) {
            case STUCK -> Optional.of(Fate.BEHIND_STUCK_CPU);
            case EXITED -> Optional.of(Fate.OWNER_EXITED);
            case RUNS -> Optional.empty();
            case ASLEEP ->
                Optional.ofNullable(fates.get(task)).map(fate -> fate == Fate.RING ? Fate.BEHIND_RING : fate);
        };
    }

    /** All it waits for may take its time, and is not blocked itself. */
    private boolean hasGoodReason(long task) {
        List<Edge> waits = edges.stream().filter(edge -> edge.from == task).toList();
        return !waits.isEmpty()
                && waits.stream()
                        .allMatch(edge -> edge.strength == Strength.PATIENT
                                && edges.stream().noneMatch(next -> next.from == edge.to));
    }
}
