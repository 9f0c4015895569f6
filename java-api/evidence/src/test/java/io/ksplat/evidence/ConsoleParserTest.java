// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleParserTest {
    private static final String SOFT = "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [spin:91]";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[   12.345678] ",
                "[   12.345678][   C1] ",
                "[   12.345678] [   C1] ",
                "[   C1] ",
                "<0>[   12.345678] ",
                "<0>",
                "[Fri Nov 21 07:01:58 2025] ",
                "[Nov21 07:01] ",
                "[  +0.000004] ",
                "[   12.345678 <    0.000004>] ",
                "kern  :emerg : [   12.345678] ",
                "kern  :emerg : [Fri Nov 21 07:01:58 2025] ",
                "Nov 21 07:01:58 rock kernel: ",
                "Nov 21 07:01:58 rock kernel: [   12.345678] ",
                "2025-11-21T07:01:58.123456+01:00 rock kernel: ",
                "2025-11-21T07:01:58+0100 rock kernel: ",
                "2025/11/21 07:01:58 ",
                "0,1207,12345678,-,caller=C1;",
                "6.12.0,0,1207,12345678,-;",
                "\u001b[1;31m",
                "[   12.345678] c1      0 ",
                "[   12.345678]  [1:           spin:   91] ",
                "syzkaller login: [   12.345678] ",
                "\r",
                "garbage\r[   12.345678] "
            })
    void everyTransportsPrefixComesOff(String prefix) {
        Evidence found = Logs.only("something before\n" + prefix + SOFT + "\n" + prefix + "Call Trace:\n" + prefix
                + " demo_ioctl+0x1/0x2\n");
        assertThat(found.title()).isEqualTo("BUG: soft lockup in demo_ioctl");
        if (prefix.contains("12.345678") || prefix.contains("12345678")) {
            assertThat(found.guestSeconds()).isEqualTo(OptionalDouble.of(12.345678));
        } else {
            assertThat(found.guestSeconds()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\r\r\n", "\n\n\n"})
    void aReportKnowsItsFirstLine(String end) {
        int lines = end.length() == 3 && end.startsWith("\n") ? 3 : 1;
        // much more text than the parser keeps, and a line that is longer than its window
        String before = ("usb 1-1: new device" + end).repeat(20_000) + "x".repeat(200_000) + end;
        byte[] text = Logs.bytes(before + "BUG: soft lockup - CPU#0 stuck for 26s! [a:92]" + end + before + SOFT + end);
        List<Long> expected = List.of(20_001L * lines + 1, 40_003L * lines + 1);
        assertThat(ConsoleParser.parse(text))
                .extracting(found -> found.line().orElseThrow())
                .isEqualTo(expected);
        assertThat(Logs.inPieces(text, List.of(1, 70_000, 13)))
                .extracting(found -> found.line().orElseThrow())
                .isEqualTo(expected);
    }

    @Test
    void evidenceAppearsBeforeTheConsoleEnds() {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add)) {
            feed(parser, SOFT + "\nCall Trace:\n demo_ioctl+0x1/0x2\n");
            assertThat(found).isEmpty();
            parser.flush();
            assertThat(Logs.titles(found)).containsExactly("BUG: soft lockup in demo_ioctl");
            feed(parser, "BUG: soft lockup - CPU#0 stuck for 26s! [other:92]\n");
            parser.flush();
            assertThat(found)
                    .as("the parser waits once more for the trace of a head")
                    .hasSize(1);
            parser.flush();
            assertThat(found).hasSize(2);
        }
        assertThat(found).hasSize(2);
    }

    @Test
    void aReportEndsWhenTheConsoleGoesOnWithoutIt() {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add)) {
            feed(parser, SOFT + "\nCall Trace:\n demo_ioctl+0x1/0x2\n" + "usb 1-1: new device\n".repeat(200));
            assertThat(found).hasSize(1);
        }
    }

    @Test
    void aReportEndsWhenTheKernelsClockMovesOn() {
        List<Evidence> found = ConsoleParser.parse(Logs.bytes(
                "[   10.000000] " + SOFT + "\n[   10.000001] Call Trace:\n[   90.000000]  demo_ioctl+0x1/0x2\n"));
        assertThat(Logs.titles(found)).containsExactly("BUG: soft lockup");
    }

    @Test
    void aReportThatNeverEndsIsCut() {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add)) {
            feed(parser, SOFT + "\nCall Trace:\n");
            byte[] frames = Logs.bytes(" again+0x1/0x2\n".repeat(1000));
            for (int i = 0; i < 50 && found.isEmpty(); i++) {
                parser.feed(frames, 0, frames.length);
            }
            assertThat(found).hasSize(1);
        }
    }

    @Test
    void aLineThatNeverEndsIsNoTrouble() {
        List<Evidence> found = new ArrayList<>();
        try (ConsoleParser parser = new ConsoleParser(found::add)) {
            byte[] endless = Logs.bytes("x".repeat(1 << 20));
            for (int i = 0; i < 20; i++) {
                parser.feed(endless, 0, endless.length);
            }
            feed(parser, "\n" + SOFT + "\n");
        }
        assertThat(found).hasSize(1);
    }

    @Test
    void aPanicThatAReportLedToIsPartOfIt() {
        assertThat(Logs.only(
                                SOFT
                                        + "\nCall Trace:\n demo_ioctl+0x1/0x2\nKernel panic - not syncing: softlockup: hung tasks\n")
                        .kind())
                .isEqualTo(EvidenceKind.SOFT_LOCKUP);
    }

    @Test
    void aPanicAloneTellsItsCause() {
        Evidence found = Logs.only(
                "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\nCPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0 #1\n---[ end Kernel panic - not syncing: VFS: Unable to mount root fs ]---\n");
        assertThat(found.kind()).isEqualTo(EvidenceKind.PANIC);
        assertThat(found.details()).isEqualTo(new Details.Panic("VFS: Unable to mount root fs on unknown-block(0,0)"));
    }

    @Test
    void noiseIsEvidenceUnlessTheCallerCausedIt() {
        byte[] text = Logs.bytes("""
                Uhhuh. NMI received for unknown reason 30 on CPU 0.
                Dazed and confused, but trying to continue
                NMI: PCI system error (SERR) for reason b1 on CPU 0.
                INFO: NMI handler (nmi_cpu_backtrace_handler) took too long to run: 1.403 msecs
                """);
        assertThat(ConsoleParser.parse(text)).hasSize(2).allMatch(found -> found.kind() == EvidenceKind.OTHER);
        assertThat(ConsoleParser.parse(text, ParserOptions.NMI_EXPERIMENT)).isEmpty();
        assertThat(ConsoleParser.parse(text, new ParserOptions(Set.of(Noise.UNKNOWN_NMI))))
                .hasSize(1);
    }

    @Test
    void noiseThatWasPassedOverIsCounted() {
        try (ConsoleParser parser = new ConsoleParser(found -> {}, ParserOptions.NMI_EXPERIMENT)) {
            feed(
                    parser,
                    "Uhhuh. NMI received for unknown reason 30 on CPU 0.\n".repeat(3)
                            + "sysrq: Show backtrace of all active CPUs\n");
            assertThat(parser.ignored())
                    .containsEntry(Noise.UNKNOWN_NMI, 3L)
                    .containsEntry(Noise.SYSRQ_BACKTRACE, 1L)
                    .hasSize(2);
        }
    }

    @Test
    void noiseIsEvidenceUntilTheCallerCausesIt() {
        String nmi = "Uhhuh. NMI received for unknown reason 30 on CPU 0.\n";
        List<Evidence> found = new ArrayList<>();
        AtomicReference<ParserOptions> options = new AtomicReference<>(ParserOptions.DEFAULT);
        try (ConsoleParser parser = new ConsoleParser(found::add, options::get)) {
            feed(parser, nmi);
            options.set(ParserOptions.NMI_EXPERIMENT);
            feed(parser, nmi);
            assertThat(parser.ignored()).containsExactly(Map.entry(Noise.UNKNOWN_NMI, 1L));
        }
        assertThat(found).hasSize(1);
    }

    @Test
    void backtracesThatWereAskedForBelongToNoReport() {
        Evidence found = Logs.only(
                SOFT
                        + "\nCall Trace:\n demo_ioctl+0x1/0x2\nsysrq: Show backtrace of all active CPUs\nNMI backtrace for cpu 0\nCall Trace:\n other_ioctl+0x1/0x2\n");
        assertThat(found.stacks()).hasSize(1);
    }

    @Test
    void aLineThatAnotherCpuCutsIntoIsTwo() {
        assertThat(Logs.titles(ConsoleParser.parse(
                        Logs.bytes("[    1.000000][    T1] usb 1-1: new de[    1.000001][   C1] " + SOFT + "\n"))))
                .containsExactly("BUG: soft lockup");
    }

    @Test
    void aTornStallIsStillAStall() {
        assertThat(Logs.only("rcu_preempt self-detected stall on CPU\n").kind()).isEqualTo(EvidenceKind.RCU_STALL);
        assertThat(Logs.only(": task kworker/u4:6:5166 blocked for more than 143 seconds.\n")
                        .kind())
                .isEqualTo(EvidenceKind.HUNG_TASK);
    }

    @Test
    void aPanicLongAfterItsCauseIsStillItsConsequence() {
        String oops =
                "[   10.000000] general protection fault: 0000 [#1] SMP\n[   10.000001] RIP: 0010:demo_open+0x1/0x2\n[   10.000002] Call Trace:\n[   10.000003]  demo_open+0x1/0x2\n[   10.000004] ---[ end trace 0 ]---\n";
        String others = "[   11.000000] usb 1-1: new device\n".repeat(100);
        assertThat(Logs.only(oops + others + "[   12.000000] Kernel panic - not syncing: Fatal exception\n")
                        .title())
                .isEqualTo("general protection fault in demo_open");
        assertThat(ConsoleParser.parse(
                        Logs.bytes(oops + others + "[   99.000000] Kernel panic - not syncing: Fatal exception\n")))
                .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "[<0",
                " ffffffff",
                "(",
                "){",
                ":1",
                ",a=b",
                "lock(",
                " from ",
                "[ 1.",
                "?",
                "-> #1 (",
                "Call Trace:",
                "BUG: ",
                "RIP: "
            })
    @Timeout(180)
    void linesMadeToChokePatternsDoNot(String part) {
        String hostile = (part.repeat(4000 / part.length()) + "+0x1/0x2\n").repeat(200);
        assertThat(ConsoleParser.parse(
                        Logs.bytes(SOFT + "\nWARNING: possible circular locking dependency detected\n" + hostile)))
                .isNotEmpty();
    }

    private static void feed(ConsoleParser parser, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        parser.feed(bytes, 0, bytes.length);
    }

    /** What sched_show_task() and print_task() of the kernel quote is a name, whatever it says. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "task:%s state:S stack:0     pid:144   tgid:144   ppid:1      flags:0x00000002",
                " S  %s   144     13520.136265   E       13521.536265           1.400000         0.923671         1     120",
            })
    void theNameOfATaskIsNoReport(String line) {
        for (String name :
                List.of("BUG: soft lock", "INFO: task hung", "*** DEADLOCK **", "WARNING: possi", "BUG: KASAN: use")) {
            String log = "<6>[   26.700000] before\n<6>[   26.729175] " + line.formatted(name)
                    + "\n<6>[   26.729180] Call Trace:\n<6>[   26.729181]  <TASK>\n<6>[   26.729190]  schedule+0x27/0xf0\n";
            assertThat(ConsoleParser.parse(Logs.bytes(log))).as(log).isEmpty();
        }
    }

    @Test
    void aNameInADumpIsNoHead() {
        for (String line : List.of(
                "CPU: 1 PID: 88 Comm: Kernel BUG at x Not tainted 6.1.0 #1",
                "CPU: 1 UID: 0 PID: 88 Comm: Kernel BUG at x Not tainted 6.12.0 #1",
                "Hardware name: BUG: soft lockup - CPU#1 stuck for 22s! [cat:88]",
                "Killed process 88 (Kernel BUG at x) total-vm:1kB",
                "audit: type=1701 pid=88 comm=\"Kernel BUG at x\" exe=\"/bin/cat\" sig=11",
                "Workqueue: events BUG: KASAN: x")) {
            assertThat(ConsoleParser.parse(Logs.bytes("[   10.000000] " + line + "\n[   10.000001] next\n")))
                    .as(line)
                    .isEmpty();
            assertThat(ConsoleParser.parse(Logs.bytes(line + "\nnext\n")))
                    .as(line)
                    .isEmpty();
        }
    }
}
