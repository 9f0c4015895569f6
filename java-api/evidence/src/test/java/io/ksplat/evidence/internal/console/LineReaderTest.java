// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    @Test
    void aLineIsCut() {
        assertThat(read("x".repeat(60_000)))
                .singleElement()
                .satisfies(line -> assertThat(line.text()).hasSize(LineReader.LONGEST));
    }

    @Test
    void rsyslogsEscapesAreLinesAndTabs() {
        assertThat(
                        read(
                                "Nov 21 07:01:58 rock kernel: [   12.345678] #012but task is already holding lock:#012#0111-...0:"))
                .extracting(Line::text)
                .containsExactly("but task is already holding lock:", "\t1-...0:");
    }

    @Test
    void netconsolesEscapesAreLinesOfOneRecord() {
        List<Line> lines = read("4,1207,12345678,-,caller=C1;first\\x0a\\x09second");
        assertThat(lines).extracting(Line::text).containsExactly("first", "\tsecond");
        assertThat(lines)
                .allMatch(line -> line.caller().equals("C1") && line.seconds().isPresent());
    }

    private static List<Line> read(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.ISO_8859_1);
        return new LineReader().read(bytes, 0, bytes.length);
    }
}
