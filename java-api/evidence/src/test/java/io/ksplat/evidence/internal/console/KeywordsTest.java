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

    /** A caller reads the whole line that a word is in, so that the line counts, not the word. */
    @Test
    void theFirstLineWithAWordIsFound() {
        Keywords keywords = new Keywords(WORDS);
        for (int seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(60); i > 0; i--) {
                text.append(random.nextInt(12) == 0 ? '\n' : (char) ('a' + random.nextInt(3)));
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
            int found = keywords.find(bytes, 0, bytes.length);
            if (found < 0) {
                assertThat(WORDS).as(text.toString()).noneMatch(word -> text.indexOf(word) >= 0);
            } else {
                String before = text.substring(0, text.lastIndexOf("\n", found) + 1);
                assertThat(WORDS).as(text.toString()).noneMatch(before::contains);
                assertThat(WORDS).as(text.toString()).anyMatch(word -> text.indexOf(word, found) == found);
            }
        }
    }

    @Test
    void aWordThatIsTooShortIsRefused() {
        assertThatThrownBy(() -> new Keywords(List.of("abc"))).hasMessageContaining("'abc'");
    }
}
