// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds the first of many words in bytes and skips most bytes unread (Wu and Manber, "A fast algorithm for multi-pattern searching", with blocks of two
 * bytes). A quiet console needs only this search and is not split into lines.
 */
final class Keywords {
    /** The minimum length of a word, in bytes. */
    static final int SHORTEST = 4;

    private static final byte[][] NONE = new byte[0][];

    private final byte[] shift = new byte[1 << 16];
    private final byte[][][] words = new byte[1 << 16][][];

    Keywords(List<String> literals) {
        Arrays.fill(shift, (byte) (SHORTEST - 1));
        Arrays.fill(words, NONE);
        for (String literal : literals) {
            byte[] word = literal.getBytes(StandardCharsets.ISO_8859_1);
            if (word.length < SHORTEST) {
                throw new IllegalArgumentException("keyword '" + literal + "' is shorter than " + SHORTEST + " bytes");
            }
            for (int i = 1; i < SHORTEST; i++) {
                int block = block(word, i);
                shift[block] = (byte) Math.min(shift[block], SHORTEST - 1 - i);
            }
            int last = block(word, SHORTEST - 1);
            List<byte[]> same = new ArrayList<>(Arrays.asList(words[last]));
            same.add(word);
            words[last] = same.toArray(NONE);
        }
    }

    /** Returns the index of the first word that lies completely in {@code [from, to)}, or -1. */
    int find(byte[] text, int from, int to) {
        int at = from + SHORTEST - 1;
        while (at < to) {
            int block = block(text, at);
            int skip = shift[block];
            if (skip != 0) {
                at += skip;
                continue;
            }
            int start = at - SHORTEST + 1;
            for (byte[] word : words[block]) {
                if (start + word.length <= to
                        && Arrays.equals(text, start, start + word.length, word, 0, word.length)) {
                    return start;
                }
            }
            at++;
        }
        return -1;
    }

    private static int block(byte[] text, int at) {
        return ((text[at - 1] & 0xff) << 8) | (text[at] & 0xff);
    }
}
