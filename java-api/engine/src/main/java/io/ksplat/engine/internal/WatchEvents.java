// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.results.TimelineEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.TreeSet;

/** What a watcher saw, and when, for a run's timeline. Takes no part in the verdict. Thread-safe. */
final class WatchEvents {
    /** A machine that prints report after report fills no record. */
    private static final int MOST = 60;

    /** A machine that is suspected again and again leaves room for what is found at last. */
    private static final int MOST_STOPS = 20;

    private static final int LONGEST = 200;

    private final List<Seen> events = new ArrayList<>();
    private int stops;

    private record Seen(long nanos, OptionalInt cpu, String event, String what) {}

    /** Notes that there is evidence. */
    synchronized void found(Evidence evidence) {
        long now = System.nanoTime();
        String who = switch (evidence.source()) {
            case CONSOLE -> "the kernel printed: ";
            case OUTSIDE -> "seen from outside: ";
            case BPF_STREAM -> "the BPF stream has: ";
            case VERIFIER -> "the verifier says: ";
            case PROGRAM -> "the program was refused: ";
        };
        String title = evidence.title();
        String guest = evidence.guestSeconds().isPresent()
                ? String.format(
                        Locale.ROOT,
                        " (%.3f s by the guest)",
                        evidence.guestSeconds().getAsDouble())
                : "";
        add(now, evidence.cpu(), "evidence", who + title.substring(0, Math.min(LONGEST, title.length())) + guest);
    }

    /** Notes that the machine is stopped now. */
    synchronized void stopped() {
        if (stops++ < MOST_STOPS) {
            add(
                    System.nanoTime(),
                    OptionalInt.empty(),
                    "stop",
                    "the machine stands still, to read what its CPUs wait for");
        }
    }

    /** Notes since when CPUs show no sign of life. */
    void stuck(Diagnosis diagnosis) {
        for (Diagnosis.Stuck stuck : diagnosis.causes()) {
            add(
                    stuck.sinceNs(),
                    OptionalInt.of(stuck.cpu()),
                    "last sign of life",
                    String.format(
                            Locale.ROOT,
                            "no heartbeat since; its vCPU ran for %.2f s more, in every sample in %s",
                            stuck.ranNs() / 1e9,
                            String.join(" or ", new TreeSet<>(stuck.functions()))));
        }
    }

    private synchronized void add(long nanos, OptionalInt cpu, String event, String what) {
        if (events.size() < MOST) {
            events.add(new Seen(nanos, cpu, event, what));
        }
    }

    /** Returns what was seen. */
    synchronized List<TimelineEvent> timeline(long startedNanos) {
        return events.stream()
                .map(seen -> new TimelineEvent(
                        Math.max(0, (seen.nanos - startedNanos) / 1_000_000), seen.cpu, seen.event, seen.what))
                .toList();
    }
}
