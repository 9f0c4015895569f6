// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Levenshtein's distance: the number of letters to insert, delete or replace to turn one word into another. */
public final class EditDistance {
    /** So many names stand in a message. */
    private static final int NEAREST = 3;

    private EditDistance() {}

    /** Returns the names that are nearest to a word, the nearest first, for a message; those that are as near as each other stay in their order. */
    public static String nearest(String word, Stream<String> names) {
        return names.distinct()
                .sorted(Comparator.comparingInt(name -> between(word, name)))
                .limit(NEAREST)
                .collect(Collectors.joining(", "));
    }

    /** Counts the edits between two words. */
    public static int between(String one, String other) {
        return between(one, other, Math.max(one.length(), other.length()));
    }

    /** Counts the edits between two words, but no further than {@code limit} + 1. */
    public static int between(String one, String other, int limit) {
        if (Math.abs(one.length() - other.length()) > limit) {
            return limit + 1;
        }
        int[] row = new int[other.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            int best = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
                best = Math.min(best, row[j]);
            }
            if (best > limit) {
                return limit + 1;
            }
        }
        return Math.min(row[other.length()], limit + 1);
    }
}
