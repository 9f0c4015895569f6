// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The same report in forms that no rule lists: what stands before it must be learnt. */
class FormsTest {
    private static final String REPORT = """
            BUG: scheduling while atomic: cat/88/0x00000002
            Modules linked in: demo
            CPU: 1 PID: 88 Comm: cat Not tainted 6.1.0 #1
            Call Trace:
             <TASK>
             dump_stack_lvl+0x1/0x2
             __schedule_bug+0x1/0x2
             schedule+0x1/0x2
             demo_ioctl+0x1/0x2 [demo]
             __x64_sys_ioctl+0x1/0x2
             </TASK>
            """;

    private static final Map<String, UnaryOperator<String>> FORMS = new LinkedHashMap<>();

    static {
        FORMS.put("a host without a name", line -> "Nov 21 07:01:58 (none) kernel: " + line);
        FORMS.put("seconds since 1970", line -> "1715056906.123456 rock kernel: " + line);
        FORMS.put("export of the journal", line -> "__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE=" + line + "\n");
        FORMS.put("RFC 5424", line -> "<4>1 2024-05-07T04:41:46.123456Z rock kernel - - - " + line);
        FORMS.put("a job's log", line -> "build\tRun tests\t2024-05-07T04:41:41.1234567Z [   12.345678] " + line);
        FORMS.put("a terminal's times", line -> "[12:34:56.789] [   12.345678] " + line);
        FORMS.put("a guest of a hypervisor", line -> "(XEN) (d1) [   12.345678] " + line);
        FORMS.put("logcat", line -> "05-07 04:41:46.123     0     0 W         : " + line);
        FORMS.put("compose", line -> "vm-1  | [   12.345678] " + line);
        FORMS.put(
                "Docker",
                line -> "{\"log\":\"" + line + "\\n\",\"stream\":\"stderr\",\"time\":\"2024-05-07T04:41:46Z\"}");
        FORMS.put("quoted twice", line -> "> | > " + line);
        FORMS.put("colours as text", line -> "^[[0;1;31m" + line + "^[[0m");
        FORMS.put(
                "a page",
                line -> "<span class=\"l\">" + line.replace("<", "&lt;").replace(">", "&gt;") + "</span><br>");
    }

    static Stream<String> forms() {
        return FORMS.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("forms")
    void theFormDoesNotMatter(String form) {
        Evidence plain = Logs.only(REPORT);
        Evidence formed = Logs.only(REPORT.lines().map(FORMS.get(form)).collect(Collectors.joining("\n", "", "\n")));

        assertThat(formed.title()).isEqualTo(plain.title()).endsWith(" in demo_ioctl");
        assertThat(formed.task()).isEqualTo(plain.task());
        assertThat(formed.cpu()).isEqualTo(plain.cpu());
        assertThat(formed.stacks()).isEqualTo(plain.stacks());
    }

    @ParameterizedTest
    @MethodSource("forms")
    void whatTheKernelWritesBeforeAHeadIsNoPrefix(String form) {
        String report = """
                watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1
                Modules linked in: demo
                CPU: 1 PID: 88 Comm: cat Not tainted 6.1.0 #1
                RIP: 0010:demo_spin+0x1/0x2
                Call Trace:
                 <TASK>
                 demo_ioctl+0x1/0x2 [demo]
                 </TASK>
                """;
        Evidence formed = Logs.only(report.lines().map(FORMS.get(form)).collect(Collectors.joining("\n", "", "\n")));

        assertThat(formed.kind()).isEqualTo(EvidenceKind.HARD_LOCKUP);
        assertThat(formed.stacks()).isEqualTo(Logs.only(report).stacks());
    }

    @Test
    void aWholeLogMayBeOneString() {
        String one = "[\"" + REPORT.replace("\n", "\\n") + "\"]";

        assertThat(Logs.only(one).stacks()).isEqualTo(Logs.only(REPORT).stacks());
    }

    @Test
    void wideCharactersOfEitherOrder() {
        for (var order : List.of(
                StandardCharsets.UTF_16LE,
                StandardCharsets.UTF_16BE,
                Charset.forName("UTF-32LE"),
                Charset.forName("UTF-32BE"))) {
            assertThat(Logs.titles(ConsoleParser.parse(REPORT.getBytes(order))))
                    .isEqualTo(List.of(Logs.only(REPORT).title()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Subject: Re: [PATCH] demo: avoid inconsistent lock state in foo\n\nThanks, applied.\n",
                "kernel/locking/lockdep.c:4012:\tpr_warn(\"WARNING: possible recursive locking detected\\n\");\n",
                "Nov 21 07:01:58 rock bot[77]: user says \"BUG: soft lockup\" is gone\nNov 21 07:01:59 rock bot[77]: ok\n",
                "deadbeef1234 lockdep: explain possible circular locking dependency detected\nfeedbeef1234 next\n"
            })
    void aSentenceIsNoReport(String text) {
        assertThat(Logs.titles(ConsoleParser.parse(Logs.bytes(text)))).isEmpty();
    }

    @Test
    void theCpuThatTheHeadNamesIsBlamed() {
        Evidence stall = Logs.only("""
                [   10.000000] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:
                [   10.000001] rcu: 	5-...!: (1 GPs behind) idle=a1b/1/0x4 softirq=1/1 fqs=0
                [   10.000002] rcu: 	(detected by 0, t=21002 jiffies, g=1, q=5)
                [   10.000003] NMI backtrace for cpu 2
                [   10.000004] CPU: 2 PID: 7 Comm: other Not tainted 6.1.0 #1
                [   10.000005] Call Trace:
                [   10.000006]  innocent_work+0x1/0x2
                [   10.000007] NMI backtrace for cpu 5
                [   10.000008] CPU: 5 PID: 88 Comm: spin Not tainted 6.1.0 #1
                [   10.000009] Call Trace:
                [   10.000010]  demo_spin+0x1/0x2
                """);

        assertThat(stall.function()).contains("demo_spin");
        assertThat(stall.task()).contains(new Task("spin", 88));
    }

    @Test
    void twoMachinesInOneLogKeepTheirTraces() {
        String other = REPORT.replace("cat", "dog").replace("demo_ioctl", "other_ioctl");
        StringBuilder text = new StringBuilder();
        List<String> ours = REPORT.lines().toList();
        List<String> theirs = other.lines().toList();
        for (int i = 0; i < ours.size(); i++) {
            text.append("Nov 21 07:01:58 east kernel: ").append(ours.get(i)).append('\n');
            text.append("Nov 21 07:01:58 west kernel: ").append(theirs.get(i)).append('\n');
        }

        assertThat(ConsoleParser.parse(Logs.bytes(text.toString())))
                .extracting(found -> found.function().orElse(""))
                .containsExactly("demo_ioctl", "other_ioctl");
    }
}
