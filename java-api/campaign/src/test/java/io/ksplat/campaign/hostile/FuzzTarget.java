// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.hostile;

import java.io.IOException;
import java.util.Arrays;

/** What Jazzer calls in a JVM of its own. The first byte chooses the reader, unless the property names one. */
public final class FuzzTarget {
    static final String READER = "ksplat.fuzz.reader";
    private static final Reader[] READERS = Reader.values();
    private static final String CHOSEN = System.getProperty(READER, "");

    private FuzzTarget() {}

    /** Jazzer's entry point. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (!CHOSEN.isEmpty()) {
            read(Reader.valueOf(CHOSEN), input);
        } else if (input.length > 0) {
            read(READERS[(input[0] & 0xff) % READERS.length], Arrays.copyOfRange(input, 1, input.length));
        }
    }

    private static void read(Reader reader, byte[] bytes) {
        try {
            reader.read(bytes);
        } catch (IOException refused) {
            // The right answer to most of it.
        }
    }
}
