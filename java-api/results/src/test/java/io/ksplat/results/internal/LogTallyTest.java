// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A line of a kernel says so; a sentence about one does not. */
class LogTallyTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "[    1.000000] usb 1-1: new device",
                "[12345.678901][  T123] usb 1-1: new device",
                "<6>usb 1-1: new device",
                "Nov 28 01:02:03 host kernel: usb 1-1: new device",
                "{\"SYSLOG_IDENTIFIER\":\"kernel\",\"MESSAGE\":\"x\"}",
            })
    void aKernelsLineIsCounted(String line) {
        assertCounts(line, StandardCharsets.UTF_8, 1);
        assertCounts(line, StandardCharsets.UTF_16LE, 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "the kernel hung",
                "linux/kernel: see below",
                "[1.5] a footnote",
                "[ 12:01:02] chat",
                "<b>bold</b>",
                "[   1."
            })
    void anotherIsNot(String line) {
        assertCounts(line, StandardCharsets.UTF_8, 0);
    }

    private static void assertCounts(String line, Charset charset, long kernels) {
        byte[] text = ("first\r\n\n" + line + "\nlast").getBytes(charset);
        LogTally tally = new LogTally();
        for (byte b : text) {
            tally.feed(new byte[] {b}, 1);
        }
        assertThat(tally.lines()).isEqualTo(3);
        assertThat(tally.kernels()).as(line).isEqualTo(kernels);
        assertThat(tally.lines()).as("asked again").isEqualTo(3);
    }
}
