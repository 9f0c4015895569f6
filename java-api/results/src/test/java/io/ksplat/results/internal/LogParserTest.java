// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.results.internal.LogParser.Found;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Logs that cannot be read, or only up to some place. */
class LogParserTest {
    private static final int LINES = 6000;

    @TempDir
    Path folder;

    /** A log like this is one block of LZMA2, which the decoder reads whole before it returns any of it. */
    @Test
    void readsACutXzAsFarAsItHasLines() throws IOException {
        String text = text(1);
        byte[] whole = xz(text);
        int last = 0;
        for (int percent : new int[] {20, 60, 95}) {
            Found found = parse(cut(whole, whole.length * percent / 100));
            assertThat(found.lines())
                    .as(percent + " %")
                    .isBetween(LINES * percent / 100L - 300, LINES * percent / 100L + 300);
            assertThat(found.lines()).isGreaterThan(last);
            assertThat(found.broken().orElseThrow())
                    .isEqualTo("ends early after line " + found.lines() + " (the archive was cut)");
            last = (int) found.lines();
        }
    }

    @Test
    void keepsOfACutXzWhatItHadAndNothingElse() throws IOException {
        String text = text(2);
        Path report = folder.resolve("report");
        byte[] whole = xz(text);
        Path torn = cut(whole, whole.length / 2);
        try (LogParser logs = new LogParser(Optional.of(report))) {
            logs.parse(torn.toString());
        }
        String kept = Files.readString(report.resolve(torn.getFileName() + "/log/1/console.log"));
        assertThat(text).startsWith(kept);
        assertThat(kept).hasSizeBetween(text.length() * 45 / 100, text.length() * 55 / 100);
    }

    @Test
    void readsAXzOfSeveralBlocksThatIsCutInTheLast() throws IOException {
        String text = text(3) + text(4) + text(5) + text(6);
        byte[] whole = xz(text);
        Found found = parse(cut(whole, whole.length * 9 / 10));
        assertThat(found.lines()).isBetween(4L * LINES * 88 / 100, 4L * LINES * 92 / 100);
    }

    @Test
    void readsAXzWithADamagedMiddleUpToThere() throws IOException {
        byte[] bytes = xz(text(7));
        Arrays.fill(bytes, bytes.length / 2, bytes.length / 2 + 64, (byte) 0);
        Found found = parse(Files.write(folder.resolve("damaged.xz"), bytes));
        assertThat(found.lines()).isGreaterThan(LINES * 45 / 100);
        assertThat(found.broken().orElseThrow())
                .startsWith("ends early after line " + found.lines() + " (")
                .doesNotContain("null");
    }

    @Test
    void saysOfAnArchiveThatHasOnlyAHeaderThatItWasCut() throws IOException {
        byte[] whole = xz(text(8));
        for (int length : new int[] {7, 12, 20}) {
            Found found = parse(cut(whole, length));
            assertThat(found.lines()).isZero();
            assertThat(found.broken().orElseThrow()).isEqualTo("ends early after line 0 (the archive was cut)");
        }
        Found gzip = parse(Files.write(folder.resolve("cut.gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0}));
        assertThat(gzip.broken().orElseThrow()).isEqualTo("ends early after line 0 (the archive was cut)");
    }

    @Test
    void entersALogThatCannotBeOpenedInTheReport() throws IOException {
        Path report = folder.resolve("report");
        try (LogParser logs = new LogParser(Optional.of(report))) {
            assertThatThrownBy(() -> logs.parse("nowhere/b.txt"))
                    .isInstanceOf(LogParser.Unreadable.class)
                    .hasMessage("there is no file nowhere/b.txt");
        }
        assertThat(Files.readString(report.resolve("results.json")))
                .contains("\"ERROR\"", "there is no file nowhere/b.txt")
                .doesNotContain("ksplat was killed");
    }

    private Found parse(Path log) throws IOException {
        try (LogParser logs = new LogParser(Optional.empty())) {
            return logs.parse(log.toString());
        }
    }

    private Path cut(byte[] whole, int length) throws IOException {
        return Files.write(folder.resolve("cut-" + length + ".xz"), Arrays.copyOf(whole, length));
    }

    private static String text(int seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int line = 0; line < LINES; line++) {
            text.append("[ %4d.%06d] usb 1-1: new device %d%n"
                    .formatted(line, random.nextInt(1_000_000), random.nextInt(1 << 20)));
        }
        return text.toString();
    }

    private static byte[] xz(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(bytes, new LZMA2Options())) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
