// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The result of a sweep.
 *
 * @param anchor the name under which the anchor is kept
 * @param steps the requested points
 * @param refined the points between them that were measured to find where the result changes
 * @param way the path: the addresses of the instructions that the CPU executes from the anchor on, by their distance
 */
public record SweepMap(
        String reproducer,
        String kernel,
        String key,
        String from,
        int cpu,
        String anchor,
        List<SweepPoint> steps,
        List<SweepPoint> refined,
        List<Long> way,
        double seconds) {
    public SweepMap {
        steps = List.copyOf(steps);
        refined = List.copyOf(refined);
        way = List.copyOf(way);
    }

    /** Returns all measured points, in the order of the path. */
    public List<SweepPoint> measured() {
        return Stream.concat(steps.stream(), refined.stream())
                .sorted(Comparator.comparingInt(SweepPoint::n))
                .toList();
    }

    /**
     * Neighbouring points with the same result. Points between two of them were not measured if the stride is more than
     * one; they are assumed to have the same result.
     *
     * @param alwaysHeld the locks that are held at every measured point
     */
    public record Stretch(SweepPoint first, SweepPoint last, int measured, List<String> alwaysHeld) {
        public Stretch {
            alwaysHeld = List.copyOf(alwaysHeld);
        }

        public Verdict verdict() {
            return first.verdict();
        }

        /** Returns the length in instructions of the path. */
        public int length() {
            return last.n() - first.n() + 1;
        }
    }

    /** Returns the measured points as stretches. */
    public List<Stretch> stretches() {
        List<Stretch> stretches = new ArrayList<>();
        SweepPoint first = null;
        SweepPoint last = null;
        int count = 0;
        List<String> held = new ArrayList<>();
        for (SweepPoint point : measured()) {
            if (first != null && last != null && !alike(last, point)) {
                stretches.add(new Stretch(first, last, count, held));
                first = null;
            }
            if (first == null) {
                first = point;
                count = 0;
                held = new ArrayList<>(point.holds());
            }
            last = point;
            held.retainAll(point.holds());
            count++;
        }
        if (first != null && last != null) {
            stretches.add(new Stretch(first, last, count, held));
        }
        return stretches;
    }

    /** Returns whether two points have the same result. */
    static boolean alike(SweepPoint one, SweepPoint other) {
        return one.verdict() == other.verdict() && one.waitsFor().equals(other.waitsFor());
    }
}
