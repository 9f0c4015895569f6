// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** The result of a sweep for each instruction, over all visits of the path. */
final class ListingMarks {
    /** The visits of an instruction: measured, or inferred because the points around them have the same result. */
    static final class Instruction {
        private final List<Integer> visits = new ArrayList<>();
        private int deadlocks;
        private int safe;
        private int other;
        private int measured;
        private Optional<String> waitsFor = Optional.empty();

        private void visit(int n, SweepPoint like, boolean wasMeasured) {
            visits.add(n);
            measured += wasMeasured ? 1 : 0;
            switch (like.verdict()) {
                case DEADLOCK -> {
                    deadlocks++;
                    waitsFor = like.waitsFor();
                }
                case CLEAN -> safe++;
                default -> other++;
            }
        }

        List<Integer> visits() {
            return visits;
        }

        Optional<String> waitsFor() {
            return waitsFor;
        }

        /** Returns the letter of the listing: upper case if at least one visit was measured. */
        char letter() {
            if (other > 0) {
                return '?';
            }
            char letter = deadlocks > 0 && safe > 0 ? 'b' : deadlocks > 0 ? 'd' : 's';
            return measured > 0 ? Character.toUpperCase(letter) : letter;
        }

        boolean isDeadly() {
            return deadlocks > 0;
        }

        boolean isSafe() {
            return deadlocks == 0 && other == 0;
        }
    }

    private final TreeMap<Long, Instruction> byAddress = new TreeMap<>(Long::compareUnsigned);

    ListingMarks(SweepMap map) {
        TreeMap<Integer, SweepPoint> measured = new TreeMap<>();
        map.measured().forEach(point -> measured.put(point.n(), point));
        for (int n = measured.firstKey(); n <= measured.lastKey(); n++) {
            SweepPoint before = measured.floorEntry(n).getValue();
            SweepPoint after = measured.ceilingEntry(n).getValue();
            if (SweepMap.alike(before, after)) {
                byAddress
                        .computeIfAbsent(map.way().get(n), address -> new Instruction())
                        .visit(n, before, before.n() == n);
            }
        }
    }

    /** Returns the instructions from one address up to, but not including, another. */
    NavigableMap<Long, Instruction> between(long from, long to) {
        return byAddress.subMap(from, true, to, false);
    }
}
