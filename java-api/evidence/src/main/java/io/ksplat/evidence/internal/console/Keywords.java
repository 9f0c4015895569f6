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

    private static final Word[] NONE = new Word[0];

    /**
     * A word, and the offset of those of its bytes that are looked for: the ones that a log has least often.
     */
    private static final class Word {
        private final byte[] bytes;
        private final int offset;

        Word(byte[] bytes, int offset) {
            this.bytes = bytes;
            this.offset = offset;
        }

        boolean isAt(byte[] text, int start, int from, int to) {
            return start >= from
                    && start + bytes.length <= to
                    && Arrays.equals(text, start, start + bytes.length, bytes, 0, bytes.length);
        }
    }

    private final byte[] shift = new byte[1 << 16];
    private final Word[][] words = new Word[1 << 16][];

    Keywords(List<String> literals) {
        Arrays.fill(shift, (byte) (SHORTEST - 1));
        Arrays.fill(words, NONE);
        for (String literal : literals) {
            byte[] word = literal.getBytes(StandardCharsets.ISO_8859_1);
            if (word.length < SHORTEST) {
                throw new IllegalArgumentException("keyword '" + literal + "' is shorter than " + SHORTEST + " bytes");
            }
            int offset = rarest(word);
            for (int i = 1; i < SHORTEST; i++) {
                int block = block(word, offset + i);
                shift[block] = (byte) Math.min(shift[block], SHORTEST - 1 - i);
            }
            int last = block(word, offset + SHORTEST - 1);
            List<Word> same = new ArrayList<>(Arrays.asList(words[last]));
            same.add(new Word(word, offset));
            words[last] = same.toArray(NONE);
        }
    }

    private static int rarest(byte[] word) {
        int best = 0;
        for (int offset = 1; offset + SHORTEST <= word.length; offset++) {
            best = commonness(word, offset) < commonness(word, best) ? offset : best;
        }
        return best;
    }

    /** Logs are small letters, spaces and digits; the last pair of bytes counts most, because it is looked up first. */
    private static int commonness(byte[] word, int offset) {
        int sum = 0;
        for (int i = 1; i < SHORTEST; i++) {
            sum += i * (commonness(word[offset + i - 1]) + commonness(word[offset + i]));
        }
        return sum;
    }

    private static int commonness(byte b) {
        if (b == 'e' || b == 't' || b == 'a' || b == 's' || b == 'i' || b == 'o' || b == 'n' || b == 'r' || b == ' ') {
            return 4;
        }
        return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' ? 3 : b >= 'A' && b <= 'Z' ? 1 : 2;
    }

    /** Returns the index of a word that lies completely in {@code [from, to)}, or -1. No word lies in a line before it. */
    int find(byte[] text, int from, int to) {
        int at = from + SHORTEST - 1;
        while (at < to) {
            int block = block(text, at);
            int skip = shift[block];
            if (skip != 0) {
                at += skip;
                continue;
            }
            for (Word word : words[block]) {
                int start = at - SHORTEST + 1 - word.offset;
                if (word.isAt(text, start, from, to)) {
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
