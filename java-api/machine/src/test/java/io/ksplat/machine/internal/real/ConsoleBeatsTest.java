// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ConsoleBeatsTest {
    private final ByteArrayOutputStream passed = new ByteArrayOutputStream();
    private final ConsoleBeats beats = new ConsoleBeats(passed::write);

    private void feed(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        beats.feed(bytes, 0, bytes.length);
    }

    @Test
    void readsWhoseHeartsStandStill() {
        feed("<6>[    3.000000] ksplat: beat 1 still:\r\n[    8.000000] ksplat: be");
        assertThat(beats.last().still()).isEmpty();
        feed("at 2 still: 0 12\r\n");
        assertThat(beats.last().still()).containsExactlyInAnyOrder(0, 12);
        assertThat(passed.toString(StandardCharsets.US_ASCII)).endsWith("ksplat: beat 2 still: 0 12\r\n");
    }

    /** What a flood has carried away may have been a report. */
    @Test
    void noticesWhatAConsoleHasLost() {
        feed("[   10.000000] flood\n");
        assertThat(beats.hasDropped()).isFalse();
        feed("** 4096 printk messages dropped **\n[   10.100000] flood\n");
        assertThat(beats.hasDropped()).isTrue();
    }
}
