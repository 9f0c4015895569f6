// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Counts line feeds, eight bytes at a time because it reads every byte of a quiet console. */
public final class LineCounter {
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long FEEDS = 0x0a0a0a0a0a0a0a0aL;
    private static final long LOW_BITS = 0x7f7f7f7f7f7f7f7fL;
    private static final long EVEN_BYTES = 0x00ff00ff00ff00ffL;
    private static final long ONES = 0x0001000100010001L;

    /** The number of words after which one of the eight sums, one byte each, may overflow. */
    private static final int MOST_WORDS = 255;

    private LineCounter() {}

    /** Returns how many line feeds lie in {@code [from, to)}. */
    public static int count(byte[] text, int from, int to) {
        int found = 0;
        int at = from;
        while (at + Long.BYTES <= to) {
            int stop = Math.min(to - Long.BYTES + 1, at + Long.BYTES * MOST_WORDS);
            long sums = 0;
            for (; at < stop; at += Long.BYTES) {
                // a line feed becomes zero, and only a zero byte keeps its high bit clear in both terms
                long bytes = (long) WORDS.get(text, at) ^ FEEDS;
                sums += ~(((bytes & LOW_BITS) + LOW_BITS) | bytes | LOW_BITS) >>> 7;
            }
            found += (int) (((sums & EVEN_BYTES) + ((sums >>> 8) & EVEN_BYTES)) * ONES >>> 48);
        }
        for (; at < to; at++) {
            found += text[at] == '\n' ? 1 : 0;
        }
        return found;
    }
}
