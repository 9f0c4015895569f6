// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class PlanMixinTest {
    /** It is typed in as it stands there. */
    @Test
    void theCommandThatJoinsIsUnderstood() {
        String[] words = PlanMixin.join(Path.of("sh")).split(" ");

        assertThat(words).startsWith("ksplat", "merge", "sh");
        assertThat(Main.commandLine(false)
                        .parseArgs(Arrays.copyOfRange(words, 1, words.length))
                        .errors())
                .isEmpty();
    }
}
