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

    /** It may have held the lock that the others wait for: they have until the next beat to come back behind it. */
    @Test
    void noticesThatAHeartHasComeBack() {
        assertThat(beats.last().settled()).isTrue();
        feed("ksplat: beat 1 still: 0\nksplat: beat 2 still: 0 1\n");
        assertThat(beats.last().settled()).isTrue();
        feed("ksplat: beat 3 still: 1\n");
        assertThat(beats.last().settled()).isFalse();
        assertThat(beats.last().still()).containsExactly(1);
        feed("ksplat: beat 4 still: 1\n");
        assertThat(beats.last().settled()).isTrue();
    }

    @Test
    void aBeatIsAsOldAsItsLine() {
        assertThat(beats.last().hostNanos()).isZero();
        long before = System.nanoTime();
        feed("[    3.000000] ksplat: beat 1 still: 4\n");
        assertThat(beats.last().hostNanos()).isBetween(before, System.nanoTime());
    }

    /** A reader has one buffer for what comes. */
    @Test
    void readsAndPassesOnTheGivenPartOfABufferAlone() {
        byte[] bytes =
                "still: 9\nksplat: beat 1 still: 4\nksplat: beat 2 still: 5\n".getBytes(StandardCharsets.US_ASCII);
        beats.feed(bytes, 9, 24);
        assertThat(beats.last().still()).containsExactly(4);
        assertThat(passed.toString(StandardCharsets.US_ASCII)).isEqualTo("ksplat: beat 1 still: 4\n");
    }

    /** A console without line ends does not fill the memory, and is passed on whole. */
    @Test
    void cutsALineAtTheKernelsLongest() {
        String beat = "ksplat: beat 1 still: 4";
        String longest = "x".repeat(1024 - beat.length()) + beat;
        feed("x" + longest + "\n");
        assertThat(beats.last().still()).isEmpty();
        feed(longest + "\n");
        assertThat(beats.last().still()).containsExactly(4);
        assertThat(passed.size()).isEqualTo(2 * 1024 + 3);
    }

    @Test
    void readsWhereTheCpusWereWhenTheAgentAsked() {
        assertThat(beats.backtraces()).isEmpty();
        feed("""
                [   97.182500] sysrq: Show backtrace of all active CPUs
                [   97.444124] NMI backtrace for cpu 3
                [   97.444140] CPU: 3 UID: 0 PID: 480 Comm: agent Not tainted 6.12.117+deb13-cloud-amd64 #1
                [   97.444170] RIP: 0010:native_queued_spin_lock_slowpath+0x13f/0x2a0
                [   97.444200] Call Trace:
                [   97.444230]  _raw_spin_lock_irqsave+0x3d/0x50
                [   97.444290]  </TASK>
                """);
        assertThat(beats.backtraces()).first().satisfies(stack -> {
            assertThat(stack.cpu()).hasValue(3);
            assertThat(stack.frames().get(0).function()).isEqualTo("native_queued_spin_lock_slowpath");
        });
    }

    /** A machine that is reset says what is not of the run, even if its first line is lost. */
    @Test
    void passesNothingOnOnceItHasEnded() {
        feed("[   90.000000] the last\n");
        beats.end();
        feed("[    1.000000] BUG: of another\n");
        assertThat(beats.hasBooted()).isTrue();
        assertThat(passed.toString(StandardCharsets.US_ASCII)).isEqualTo("[   90.000000] the last\n");
    }

    /** Its warnings are not those of the kernel before it. */
    @Test
    void passesNothingOnOfTheNextBoot() {
        feed("[   90.000000] Kernel panic - not syncing: sysrq triggered crash\n[   90.100000] CPU: 1\n");
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
        feed("** 4096 printk messages dropped **\n[   10.100000] flood\n[   10.200000] flood\n");
        assertThat(beats.hasDropped()).isTrue();
    }
}
