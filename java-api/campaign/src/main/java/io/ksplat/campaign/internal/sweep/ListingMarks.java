// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** What a map says of each instruction, over all the times that the way comes by it. */
final class ListingMarks {
    /** An instruction's visits: measured, or inferred because the points around it have one answer. */
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

        /** One letter: upper case where one of the visits was measured. */
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

    /** Of the instructions from one address up to another. */
    NavigableMap<Long, Instruction> between(long from, long to) {
        return byAddress.subMap(from, true, to, false);
    }
}
