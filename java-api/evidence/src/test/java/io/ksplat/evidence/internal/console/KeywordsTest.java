// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class KeywordsTest {
    private static final List<String> WORDS = List.of("aabb", "abab", "abbabba", "bbbb", "babaab");

    @Test
    void theFirstWordIsFoundWhereverItIs() {
        Keywords keywords = new Keywords(WORDS);
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i > 0; i--) {
                text.append((char) ('a' + random.nextInt(3)));
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            int first = WORDS.stream()
                    .mapToInt(text::indexOf)
                    .filter(at -> at >= 0)
                    .min()
                    .orElse(-1);
            assertThat(keywords.find(bytes, 0, bytes.length))
                    .as(text.toString())
                    .isEqualTo(first);
        }
    }

    @Test
    void aWordThatIsTooShortIsRefused() {
        assertThatThrownBy(() -> new Keywords(List.of("abc"))).hasMessageContaining("'abc'");
    }
}
