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

    /** Its warnings are not those of the kernel before it. */
    @Test
    void passesNothingOnOfTheNextBoot() {
        feed("[   90.000000] Kernel panic - not syncing: sysrq triggered crash\n");
        assertThat(beats.hasPanicked()).isTrue();
        assertThat(beats.hasBooted()).isFalse();
        feed(
                "[   99.000000] the last\n[    0.000000] Linux version 6.12.117 (x)\n[    1.000000] WARNING: of another\n");
        assertThat(beats.hasBooted()).isTrue();
        feed("[    2.000000] BUG: of another\n");
        assertThat(passed.toString(StandardCharsets.US_ASCII))
                .contains("the last")
                .doesNotContain("of another");
    }

    @Test
    void whatOnlyNamesAKernelIsNoBoot() {
        feed(
                "[   90.000000] Kernel Offset: disabled\n[   91.000000] Linux version 6\nLinux version 6.12 (cat /proc/version)\n[   92.000000] goes on\n");
        assertThat(beats.hasBooted()).isFalse();
        assertThat(beats.hasPanicked()).isFalse();
        assertThat(passed.toString(StandardCharsets.US_ASCII)).contains("goes on");
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
