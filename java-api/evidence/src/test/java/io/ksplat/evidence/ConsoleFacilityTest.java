// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A console with {@code console_msg_format=syslog}: who speaks is told by the priority before each record. */
class ConsoleFacilityTest {
    private static final String REPORT = """
            WARNING: possible recursive locking detected
            6.10.0 #1 Tainted: G        W
            --------------------------------------------
            repro/745 is trying to acquire lock:
            ffffc90004f1a0d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460

            but task is already holding lock:
            ffffc900018360d8 (&rb->spinlock){-.-.}-{2:2}, at: __bpf_ringbuf_reserve+0x386/0x460
            """;

    private static final ParserOptions FACILITY = ParserOptions.DEFAULT.withFacility();

    private final List<Evidence> found = new ArrayList<>();
    private List<String> hearsay = List.of();

    private void read(String console) {
        byte[] text = console.getBytes(ISO_8859_1);
        ConsoleParser parser = new ConsoleParser(found::add, FACILITY);
        parser.feed(text, 0, text.length);
        parser.close();
        hearsay = parser.printedByUserSpace();
    }

    private static String each(String prefix, String text) {
        return text.lines().map(line -> prefix + line).collect(Collectors.joining("\n", "", "\n"));
    }

    /** Without those of netconsole, whose records have their priority in a header of their own. */
    static List<Path> logs() {
        return Logs.golden().stream()
                .filter(log -> !log.getFileName().toString().startsWith("netconsole"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("logs")
    void theKernelsOwnPriorityChangesNothing(Path log) {
        byte[] text = Logs.bytes(log);
        String prefixed = each("<4>", new String(text, ISO_8859_1));
        assertThat(ConsoleParser.parse(prefixed.getBytes(ISO_8859_1), FACILITY))
                .extracting(Evidence::signature, Evidence::title, Evidence::line)
                .isEqualTo(ConsoleParser.parse(text).stream()
                        .map(whole ->
                                org.assertj.core.groups.Tuple.tuple(whole.signature(), whole.title(), whole.line()))
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<4>[    5.000000] ", "<4>[    5.000000][  T745] ", "<0>[    5.000000][    C1] ", "<4>"})
    void theKernelIsBelieved(String prefix) {
        read(each(prefix, REPORT));
        assertThat(found).extracting(Evidence::kind).containsExactly(EvidenceKind.LOCKDEP_RECURSIVE);
        assertThat(hearsay).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<12>[    5.000000] ",
                "<12>[    5.000000][  T745] ",
                "<30>",
                "",
                "[    5.000000] ",
                "<12>[    5.000000] see <4>[    6.000000] ",
            })
    void userSpaceIsNotBelievedAndItsReportIsTold(String prefix) {
        read(each(prefix, REPORT));
        assertThat(found).isEmpty();
        assertThat(hearsay).hasSize(1).first().asString().contains("deadlock");
    }

    @Test
    void aRecordBehindAProgramsUnfinishedLineIsTheKernels() {
        read("progress 99%" + each("<4>[    5.000000] ", REPORT));
        assertThat(found).extracting(Evidence::kind).containsExactly(EvidenceKind.LOCKDEP_RECURSIVE);
    }

    @Test
    void userSpaceBetweenTheLinesOfAReportDoesNotDisturbIt() {
        read(REPORT.lines()
                .map(line ->
                        "<4>[    5.000000] " + line + "\n<12>[    5.000000] WARNING: suspicious RCU usage\nhello\n")
                .collect(Collectors.joining()));
        assertThat(found).hasSize(1);
        assertThat(found.get(0).locks()).extracting(LockRef::name).contains("&rb->spinlock");
        assertThat(hearsay).hasSize(1);
    }

    @Test
    void whatAFileSaysIsBelievedWhoeverWroteIt() {
        for (String prefix : List.of("<12>[    5.000000] ", "", "[    5.000000] ")) {
            assertThat(ConsoleParser.parse(each(prefix, REPORT).getBytes(ISO_8859_1)))
                    .extracting(Evidence::kind)
                    .containsExactly(EvidenceKind.LOCKDEP_RECURSIVE);
        }
    }

    @Test
    void aFloodOfReportsIsToldInBrief() {
        StringBuilder flood = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            flood.append("<12>[    5.000000] BUG: KASAN: use-after-free in f")
                    .append(i)
                    .append("+0x1/0x2\n");
        }
        read(flood.toString());
        assertThat(found).isEmpty();
        assertThat(hearsay).hasSizeBetween(1, 16);
    }
}
