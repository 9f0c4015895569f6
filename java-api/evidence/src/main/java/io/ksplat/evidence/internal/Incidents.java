// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Puts together the reports of a log that belong together. A report that repeats another is counted there; both are of one kind, so that none hides a
 * graver one. A stall that follows a grave report of the same machine is its victim, and stays a report of its own.
 */
public final class Incidents {
    /** Kinds that tell of one CPU or task that goes on being stuck, whatever it does at the moment. */
    private static final Set<EvidenceKind> LASTING = EnumSet.of(
            EvidenceKind.SOFT_LOCKUP,
            EvidenceKind.HARD_LOCKUP,
            EvidenceKind.RCU_STALL,
            EvidenceKind.HUNG_TASK,
            EvidenceKind.WORKQUEUE_LOCKUP);

    /** Kinds that keep others waiting, gravest first: an actual deadlock, a CPU that is lost, memory that cannot be trusted. */
    private static final List<EvidenceKind> CAUSES = List.of(
            EvidenceKind.CPU_STUCK,
            EvidenceKind.LOCKDEP_INCONSISTENT,
            EvidenceKind.LOCKDEP_RECURSIVE,
            EvidenceKind.LOCKDEP_CIRCULAR,
            EvidenceKind.LOCKDEP_INVERSION,
            EvidenceKind.HARD_LOCKUP,
            EvidenceKind.MEMORY_SAFETY,
            EvidenceKind.OOPS,
            EvidenceKind.PANIC,
            EvidenceKind.SPINLOCK_BUG,
            EvidenceKind.ATOMIC_SLEEP,
            EvidenceKind.LOCKDEP_HELD,
            EvidenceKind.SOFT_LOCKUP,
            EvidenceKind.CSD_LOCK,
            EvidenceKind.RCU_STALL);

    /** Kinds that may be nothing but a consequence. */
    private static final Set<EvidenceKind> VICTIMS = EnumSet.of(
            EvidenceKind.SOFT_LOCKUP,
            EvidenceKind.CSD_LOCK,
            EvidenceKind.RCU_STALL,
            EvidenceKind.WORKQUEUE_LOCKUP,
            EvidenceKind.HUNG_TASK);

    /** Seconds of the kernel's clock between a cause and its last victim: hung tasks are told after minutes. */
    private static final double LONGEST = 600;

    private Incidents() {}

    private record Key(EvidenceKind kind, String signature, OptionalInt cpu, Optional<Task> task, Object source) {
        static Key of(Evidence found) {
            boolean lasting = LASTING.contains(found.kind());
            boolean told =
                    found.task().isPresent() || found.cpu().isPresent() && found.kind() != EvidenceKind.HUNG_TASK;
            OptionalInt cpu = found.kind() == EvidenceKind.HUNG_TASK ? OptionalInt.empty() : found.cpu();
            return lasting && told
                    ? new Key(found.kind(), "", cpu, found.task(), found.source())
                    : new Key(
                            found.kind(),
                            found.signature(),
                            OptionalInt.empty(),
                            lasting ? found.task() : Optional.empty(),
                            found.source());
        }
    }

    /** Returns the evidence with each report once, and with the names of incidents that have several. */
    public static List<Evidence> together(List<Evidence> evidence) {
        return grouped(once(evidence));
    }

    /** Returns the evidence with the repetitions of a report as one, which counts them and has lasted as long as the last says. */
    public static List<Evidence> once(List<Evidence> evidence) {
        return Repetitions.together(evidence, found -> Optional.of(Key.of(found)), Incidents::both);
    }

    private static Evidence both(Evidence first, Evidence again) {
        if (first.function().isEmpty() && again.function().isPresent()) {
            // the first report was torn: the second tells more
            return Repetitions.counted(again, first)
                    .line(first.line())
                    .guestSeconds(first.guestSeconds())
                    .build();
        }
        return Repetitions.counted(first, again).build();
    }

    /** The first of the gravest kind is the cause; stalls behind it are its victims. */
    private static List<Evidence> grouped(List<Evidence> evidence) {
        List<Evidence> grouped = new ArrayList<>(evidence);
        int incidents = 0;
        for (int i = 0; i < grouped.size(); i++) {
            Evidence cause = grouped.get(i);
            if (cause.incident().isPresent() || !CAUSES.contains(cause.kind())) {
                continue;
            }
            List<Integer> victims = new ArrayList<>();
            for (int j = i + 1; j < grouped.size(); j++) {
                if (isVictim(grouped.get(j), cause)) {
                    victims.add(j);
                }
            }
            if (!victims.isEmpty()) {
                String name = cause.kind().id() + "-" + ++incidents;
                grouped.set(
                        i, cause.toBuilder().incident(name, Evidence.Role.CAUSE).build());
                for (int victim : victims) {
                    grouped.set(
                            victim,
                            grouped.get(victim).toBuilder()
                                    .incident(name, Evidence.Role.VICTIM)
                                    .build());
                }
            }
        }
        return grouped;
    }

    private static boolean isVictim(Evidence found, Evidence cause) {
        if (found.incident().isPresent()
                || found.source() != cause.source()
                || !VICTIMS.contains(found.kind())
                || rank(found) <= rank(cause)) {
            return false;
        }
        if (found.guestSeconds().isEmpty() || cause.guestSeconds().isEmpty()) {
            return found.guestSeconds().isPresent() == cause.guestSeconds().isPresent();
        }
        double later = found.guestSeconds().getAsDouble() - cause.guestSeconds().getAsDouble();
        return later >= 0 && later <= LONGEST;
    }

    private static int rank(Evidence found) {
        int rank = CAUSES.indexOf(found.kind());
        return rank < 0 ? CAUSES.size() : rank;
    }

    /** Returns the evidence for people: the gravest incident first, in it the cause before its victims. */
    public static List<Evidence> gravestFirst(List<Evidence> evidence) {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        for (Evidence found : evidence) {
            found.incident().ifPresent(name -> ranks.merge(name, weight(found), Math::min));
        }
        Map<String, Integer> firsts = new LinkedHashMap<>();
        for (int i = 0; i < evidence.size(); i++) {
            int place = i;
            evidence.get(i).incident().ifPresent(name -> firsts.putIfAbsent(name, place));
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < evidence.size(); i++) {
            order.add(i);
        }
        order.sort(Comparator.<Integer>comparingInt(
                        i -> evidence.get(i).incident().map(ranks::get).orElse(weight(evidence.get(i))))
                .thenComparingInt(
                        i -> evidence.get(i).incident().map(firsts::get).orElse(i))
                .thenComparing(i -> evidence.get(i)
                        .role()
                        .filter(role -> role == Evidence.Role.VICTIM)
                        .isPresent())
                .thenComparingInt(i -> i));
        return order.stream().map(evidence::get).toList();
    }

    /** A deadlock before a crash before what a busy machine may print too; unknown kinds and warnings last. */
    private static int weight(Evidence found) {
        return switch (found.kind().meaning()) {
            case DEADLOCK -> 0;
            case CRASH -> found.kind() == EvidenceKind.WARNING || found.kind() == EvidenceKind.OTHER ? 4 : 1;
            case STALL -> found.kind() == EvidenceKind.HARD_LOCKUP ? 1 : 2;
            case REFUSAL, REJECTION, INCONCLUSIVE -> 3;
        };
    }
}
