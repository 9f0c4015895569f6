// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.machine.internal.forensics.memory.KernelLog.Message;
import java.util.List;
import org.junit.jupiter.api.Test;

class KernelLogTest {
    private static final List<Message> MESSAGES = List.of(
            new Message(1_000_000, 0, 6, "first"),
            new Message(2_000_000_000L, 0, 4, "BUG: two\nlines"),
            new Message(2_000_001_000L, 0, 4, "last"));

    private static List<String> undelivered(String console) {
        return KernelLog.undelivered(MESSAGES, console.getBytes(ISO_8859_1));
    }

    @Test
    void aConsoleThatShowsTheLastRecordLacksNothing() {
        assertThat(undelivered("[    0.001000] first\r\n[    2.000001] last\r\n"))
                .isEmpty();
    }

    @Test
    void whatComesAfterTheLastShownRecordIsUndelivered() {
        assertThat(undelivered("[    0.001000] first\r\n"))
                .containsExactly("[    2.000000] BUG: two", "[    2.000000] lines", "[    2.000001] last");
    }

    @Test
    void aRecordThatWasCutIsToldAgain() {
        assertThat(undelivered("[    0.001000] first\r\n[    2.000000] BUG: two\r\n[    2.0000"))
                .containsExactly("[    2.000000] BUG: two", "[    2.000000] lines", "[    2.000001] last");
    }

    @Test
    void aConsoleThatShowsNoneOfThemBelongsToAnotherLog() {
        assertThat(undelivered("Welcome\n")).isEmpty();
    }

    @Test
    void priorityAndCallerAreNotPartOfARecord() {
        assertThat(undelivered("<6>[    0.001000] first\r\n")).hasSize(3);
        assertThat(undelivered("<6>[    0.001000][    T1] first\r\n")).hasSize(3);
        assertThat(undelivered("<6>[    0.001000] first\r\n<4>[    2.000001][    C1] last\r\n"))
                .isEmpty();
    }

    @Test
    void whatUserSpaceWroteIsLeftOut() {
        List<Message> messages = List.of(
                new Message(1_000_000, 0, 6, "first"),
                new Message(2_000_000, 1, 4, "a program's"),
                new Message(3_000_000, 0, 4, "the kernel's"));
        assertThat(KernelLog.undelivered(messages, "[    0.001000] first\n".getBytes(ISO_8859_1)))
                .containsExactly("[    0.003000] the kernel's");
    }
}
