// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Scores the parser on {@link Wild} logs: every fact of a log must be right. */
class WildTest {
    @Test
    void logsInTheFormsThatPeopleSendAreUnderstood() throws IOException {
        List<Wild.Answer> answers = Wild.answers(Wild.folder());
        long right = answers.stream().filter(Wild.Answer::isRight).count();
        System.out.println("wild: " + right + " of " + answers.size());
        assertThat(right / (double) answers.size())
                .as(() -> "right, except for\n" + Wild.report(answers).collect(Collectors.joining("\n")))
                .isGreaterThanOrEqualTo(0.95);
    }
}
