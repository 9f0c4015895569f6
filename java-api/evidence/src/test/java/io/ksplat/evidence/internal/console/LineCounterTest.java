// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineCounterTest {
    private static int slowly(byte[] text, int from, int to) {
        int found = 0;
        for (int i = from; i < to; i++) {
            found += text[i] == '\n' ? 1 : 0;
        }
        return found;
    }

    @Test
    void everyLineFeedCountsAndNothingElse() {
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            byte[] text = new byte[random.nextInt(70)];
            for (int i = 0; i < text.length; i++) {
                // bytes near the line feed, with and without the high bit
                text[i] = (byte) (random.nextInt(4) == 0 ? '\n' : random.nextInt(13) + 128 * random.nextInt(2));
            }
            int from = text.length == 0 ? 0 : random.nextInt(text.length);
            assertThat(LineCounter.count(text, from, text.length))
                    .as("seed " + seed)
                    .isEqualTo(slowly(text, from, text.length));
        }
    }

    @Test
    void noSumOverflows() {
        byte[] text = new byte[1 << 16];
        Arrays.fill(text, (byte) '\n');
        assertThat(LineCounter.count(text, 3, text.length)).isEqualTo(text.length - 3);
    }

    @Test
    void everyByteIsToldFromALineFeed() {
        for (int value = 0; value < 256; value++) {
            byte[] text = new byte[17];
            Arrays.fill(text, (byte) value);
            assertThat(LineCounter.count(text, 0, text.length))
                    .as("byte " + value)
                    .isEqualTo(value == '\n' ? text.length : 0);
        }
    }
}
