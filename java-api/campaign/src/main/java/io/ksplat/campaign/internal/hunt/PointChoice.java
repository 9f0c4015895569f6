// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.sweep.SteppedPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Chooses the instructions of a path at which an NMI is tried. A lock is taken by an atomic instruction and released by
 * one, or by a store of zero: behind each of them something may have changed, and between two of them nothing does.
 */
final class PointChoice {
    private static final byte LOCK_PREFIX = (byte) 0xf0;
    /** Stores a constant into a byte, or into two or four bytes. */
    private static final byte STORE_BYTE = (byte) 0xc6;

    private static final byte STORE = (byte) 0xc7;
    private static final byte EXCHANGE = (byte) 0x87;
    private static final int LOOKED_AT = 2;

    private PointChoice() {}

    /**
     * Returns distances from the anchor, in order.
     *
     * @param most how many
     */
    static List<Integer> of(SteppedPath path, int most, long seed, Path consoleLog) throws IOException {
        int length = path.length();
        if (length <= most) {
            return IntStream.range(0, length).boxed().toList();
        }
        List<Integer> changes = changes(path, consoleLog);
        Random random = new Random(seed);
        TreeSet<Integer> chosen = new TreeSet<>(List.of(0, length - 1));
        add(chosen, changes.stream().map(n -> n + 1).toList(), most, random);
        List<Integer> middles = new ArrayList<>();
        for (int i = 1; i < changes.size(); i++) {
            middles.add((changes.get(i - 1) + changes.get(i)) >>> 1);
        }
        add(chosen, middles, most, random);
        add(chosen, IntStream.range(0, length).boxed().toList(), most, random);
        return List.copyOf(chosen);
    }

    /** Adds candidates; a random part of them, if there are too many. */
    private static void add(Set<Integer> chosen, List<Integer> candidates, int most, Random random) {
        List<Integer> shuffled = new ArrayList<>(candidates);
        Collections.shuffle(shuffled, random);
        for (int n : shuffled) {
            if (chosen.size() >= most) {
                return;
            }
            chosen.add(n);
        }
    }

    private static List<Integer> changes(SteppedPath path, Path consoleLog) throws IOException {
        List<Integer> changes = new ArrayList<>();
        Map<Long, Boolean> known = new HashMap<>();
        try (SteppedPath.PausedMachine machine = path.pauseAt(0, consoleLog)) {
            for (int n = 0; n < path.length() - 1; n++) {
                long address = path.address(n);
                Boolean change = known.get(address);
                if (change == null) {
                    change = changes(machine.memory().read(address, LOOKED_AT));
                    known.put(address, change);
                }
                if (change) {
                    changes.add(n);
                }
            }
        }
        return changes;
    }

    private static boolean changes(byte[] code) {
        return code[0] == LOCK_PREFIX
                || code[0] == STORE_BYTE
                || code[0] == STORE
                || code[0] == EXCHANGE
                || (code[1] == EXCHANGE && (code[0] & 0xf0) == 0x40);
    }
}
