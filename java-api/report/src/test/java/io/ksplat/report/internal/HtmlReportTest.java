// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.TimelineEvent;
import io.ksplat.results.ToolRecord;
import io.ksplat.results.internal.StoredReport;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class HtmlReportTest {
    private static final RunRecord CLEAN = Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN);

    @TempDir
    Path temporary;

    private int pages;

    private static RunRecord deadlock(Evidence... evidence) {
        return Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, evidence);
    }

    /** The page of the one run. */
    private String page(RunRecord run) throws IOException {
        Reports.write(temporary, "<6>[    1.0] first\n", run);
        HtmlReport.write(temporary, Optional.empty());
        return only(temporary, run);
    }

    private static String only(Path folder, RunRecord run) throws IOException {
        return Files.readString(folder.resolve(run.reproducer() + "/7.2.13-cloud/1/index.html"));
    }

    private static int count(String text, String part) {
        return text.split(java.util.regex.Pattern.quote(part), -1).length - 1;
    }

    /** Nobody expects anything of a log: it has reports, or none. */
    @Test
    void aLogIsNoRun() throws IOException {
        RunRecord log =
                Reports.run("dmesg.txt", 1, Verdict.DEADLOCK, Verdict.CLEAN, Reports.nested("lock", false)).toBuilder()
                        .target("log")
                        .build();
        Path report = Reports.write(temporary, "", log);
        HtmlReport.write(report, Optional.empty());
        assertThat(Files.readString(report.resolve("index.html")))
                .contains("1 log</strong>, 1 with reports.", "With reports</h2>")
                .doesNotContain("expected CLEAN", "Not as expected");
        assertThat(Files.readString(report.resolve("dmesg.txt/7.2.13-cloud/1/index.html")))
                .contains("A log with reports.")
                .doesNotContain("Not as expected");
    }

    @Test
    void writesAPageForEachRunAndAFirstPageThatLinksToThem() throws IOException {
        RunRecord again = Reports.run("a/b c", 2, Verdict.CLEAN, Verdict.DEADLOCK);
        Reports.write(temporary, "", CLEAN, again);
        Path first = HtmlReport.write(temporary, Optional.empty());
        String text = Files.readString(first);
        assertThat(text).contains("2 runs", "1 not as expected", "expected DEADLOCK");
        List<String> links = java.util.regex.Pattern.compile("href=\"([^\"]+/index.html)\"")
                .matcher(text)
                .results()
                .map(link -> link.group(1))
                .distinct()
                .toList();
        assertThat(links).hasSize(2);
        for (String link : links) {
            assertThat(temporary.resolve(java.net.URI.create(link).getPath())).isRegularFile();
        }
        try (Stream<Path> all = Files.walk(temporary)) {
            assertThat(all.filter(file -> file.toString().endsWith(".part"))).isEmpty();
        }
    }

    /** If ksplat is killed before it writes the pages of the next report, none must show the runs of the one before. */
    @Test
    void itsFirstPageIsForgottenWithTheRuns() throws IOException {
        Reports.write(temporary, "", CLEAN);
        Path first = HtmlReport.write(temporary, Optional.empty());
        StoredReport.forget(temporary);
        assertThat(first).doesNotExist();
    }

    @Test
    void saysWhatIsMissingWhereThereIsNoReport() {
        assertThatThrownBy(() -> HtmlReport.write(temporary, Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("there is no report in");
    }

    @Test
    void drawsTheCycleAndSaysItInWords() throws IOException {
        String page = page(deadlock(Reports.nested(Reports.LOCK, true)));
        assertThat(count(page, "<g class=\"node ")).isEqualTo(4);
        assertThat(count(page, "<g class=\"edge ")).isEqualTo(4);
        assertThat(count(page, "<g class=\"edge held inferred in-cycle\"")).isEqualTo(1);
        assertThat(page)
                .contains(
                        "CPU 0: task init/113 held " + Reports.LOCK
                                + " (inferred: its stack shows it); an NMI ran the BPF program"
                                + " on_nmi, which called __call_rcu_common, which waits for that lock.",
                        "NMI on CPU 0 waits for " + Reports.LOCK,
                        "nmi_task_kptr.bpf.c:67");
    }

    @Test
    void drawsNothingAsInferredThatIsKnown() throws IOException {
        String page = page(deadlock(Reports.nested(Reports.LOCK, false)));
        assertThat(count(page, "<g class=\"edge ")).isEqualTo(4);
        assertThat(page).doesNotContain("inferred in-cycle").doesNotContain("held by?");
    }

    @Test
    void drawsNoCycleOfARunThatIsClean() throws IOException {
        assertThat(page(CLEAN))
                .contains("No sign of a bug")
                .doesNotContain("class=\"node ")
                .doesNotContain("DEADLOCK");
    }

    @Test
    void drawsEveryLockOfALongCycle() throws IOException {
        String page = page(deadlock(Reports.ring(40)));
        assertThat(count(page, "<g class=\"node ")).isEqualTo(80);
        assertThat(count(page, "<g class=\"edge ")).isEqualTo(80);
        assertThat(page).contains("A cycle of 40", "lock-39 is held by worker/139");
    }

    @Test
    void letsNoWordOfAGuestBecomeCode() throws IOException {
        Evidence found = Evidence.builder(EvidenceKind.CPU_STUCK, Reports.HOSTILE, Reports.HOSTILE)
                .source(Source.CONSOLE)
                .line(OptionalLong.of(1))
                .stacks(List.of(new Stack(OptionalInt.of(0), Reports.HOSTILE, List.of(Frame.of(Reports.HOSTILE, 1)))))
                .build();
        RunRecord run = deadlock(found, Reports.nested(Reports.HOSTILE, true)).toBuilder()
                .message(Reports.HOSTILE)
                .because(Reports.HOSTILE)
                .notes(List.of(Reports.HOSTILE))
                .build();
        Reports.write(temporary, Reports.HOSTILE + "\n", run);
        String first = Files.readString(HtmlReport.write(temporary, Optional.empty()));
        for (String page : List.of(first, only(temporary, run))) {
            assertThat(page).contains("&lt;script&gt;alert(1)").doesNotContain("<script>", "<img", "\u202e", "\u0007");
            assertThat(page).doesNotContainPattern("<[^>]* (style|on[a-z]+)=").doesNotContain("<style");
        }
    }

    @Test
    void showsTheBpfCThatAStackNames() throws IOException {
        RunRecord run = deadlock(
                Reports.nested(Reports.LOCK, true),
                Evidence.builder(EvidenceKind.CPU_STUCK, "other", "other")
                        .stacks(List.of(new Stack(
                                OptionalInt.of(1),
                                "task",
                                List.of(
                                        Frame.of("f", 1).at("../../../outside.bpf.c", 1),
                                        Frame.of("g", 1).at("kernel/not_kept.c", 7)))))
                        .build());
        Reports.write(temporary, "", run);
        Path folder = temporary.resolve("dead/7.2.13-cloud/1");
        Files.writeString(temporary.resolve("outside.bpf.c"), "secret\n");
        Files.writeString(
                folder.resolve("nmi_task_kptr.bpf.c"),
                IntStream.rangeClosed(1, 80)
                        .mapToObj(n -> "/* <b>" + n + " */\n")
                        .collect(Collectors.joining()));
        HtmlReport.write(temporary, Optional.empty());
        assertThat(only(temporary, run))
                .contains("<h2 id=\"h-source\">", "href=\"#source-nmi_task_kptr.bpf.c-67\"")
                .contains("<div class=\"line marked\" id=\"source-nmi_task_kptr.bpf.c-67\">", "/* &lt;b&gt;67 */")
                .contains("57 lines left out", "/* &lt;b&gt;71 */")
                .doesNotContain("&lt;b&gt;57 ", "&lt;b&gt;72 ", "secret", "href=\"#source-not_kept.c");
    }

    private static final String VERIFIER_LOG = """
            0: R1=ctx() R10=fp0
            ; return values[place]; @ refused.bpf.c:11
            0: (18) r1 = 0xffffc900000ca020       ; R1=map_value(map=refused_.bss,ks=4,vs=40,imm=32)
            6: (0f) r2 += r1
            math between map_value pointer and register with <b>unbounded</b> min value is not allowed
            cur state: R0=0 R10=fp0
            old state: R0=0 R10=fp0

            Suggestion:
            processed 5 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            """;

    private String verified(Evidence... evidence) throws IOException {
        RunRecord run = deadlock(evidence);
        Reports.write(temporary, "", run);
        Path folder = temporary.resolve("dead/7.2.13-cloud/1");
        Files.writeString(folder.resolve("refused.bpf.c"), "\n".repeat(10) + "\treturn values[place];\n}\n");
        Files.writeString(folder.resolve("verifier.log"), VERIFIER_LOG);
        HtmlReport.write(temporary, Optional.empty());
        return only(temporary, run);
    }

    @Test
    void saysWhichInstructionTheVerifierRefusedFromWhichLineAndWhy() throws IOException {
        assertThat(verified(Evidence.builder(EvidenceKind.VERIFIER, "refused", "refused")
                        .source(Source.VERIFIER)
                        .build()))
                .contains("<a href=\"#refused\"><code>6: (0f) r2 += r1</code></a>")
                .contains("<a href=\"#source-refused.bpf.c-11\"><code>return values[place];</code></a>")
                .contains("<dd>math between map_value pointer and register with &lt;b&gt;unbounded&lt;/b&gt;")
                .contains("id=\"source-refused.bpf.c-11\"", "id=\"refused\"", "id=\"refused-source\"")
                .doesNotContain("<dd>Suggestion", "<dd>cur state", "<dd>old state");
    }

    @Test
    void saysTheCommandOfOneRunIfItsSessionHadNoOtherOptions() throws IOException {
        String alone =
                "<pre class=\"scroll command\" tabindex=\"0\" role=\"group\" aria-label=\"The command of this run\">"
                        + "ksplat run dead --kernel debian:7.2</pre>";
        String plain = "run other dead --kernel debian:6.12 --kernel=debian:7.2 --repeat 3 --jobs 2 --report r --json";
        assertThat(pageOf("dead", plain)).contains(alone, "ksplat " + plain);
        assertThat(pageOf("dead", "run --all --kernel debian:7.2")).contains(alone);
        assertThat(pageOf("dead/one", "run dead")).contains("ksplat run dead/one --kernel debian:7.2</pre>");
        assertThat(pageOf("Throws/npe", "run bad/Throws.java"))
                .doesNotContain("run Throws/npe")
                .contains("ksplat run bad/Throws.java");
        assertThat(pageOf("dead", "run dead --nmi none")).doesNotContain(alone).contains("ksplat run dead --nmi none");
        assertThat(pageOf("dead", "run dead --nmi=none")).doesNotContain(alone);
        assertThat(pageOf("dead", "run dead -- --kernel x")).doesNotContain(alone);
        assertThat(pageOf("dead", "run bad/dead.c")).doesNotContain(alone);
        assertThat(pageOf("dead", "run dead @options")).doesNotContain(alone);
        assertThat(pageOf("dead", "hunt dead")).doesNotContain(alone);
        assertThat(pageOf("dead", "run deadly")).doesNotContain(alone);
        assertThat(pageOf("dead", "")).doesNotContain(alone);
    }

    private String pageOf(String reproducer, String arguments) throws IOException {
        RunRecord.Builder run = Reports.run(reproducer, 1, Verdict.DEADLOCK, Verdict.DEADLOCK).toBuilder();
        if (!arguments.isEmpty()) {
            run.tool(ToolRecord.of("1.0", List.of(arguments.split(" ")), 7));
        }
        Path report = temporary.resolve(String.valueOf(pages++));
        Reports.write(report, "", run.build());
        HtmlReport.write(report, Optional.empty());
        return Files.readString(report.resolve(reproducer.replace("/", "+") + "/7.2.13-cloud/1/index.html"));
    }

    @Test
    void marksNothingInTheLogOfAProgramThatWasAccepted() throws IOException {
        assertThat(verified()).contains("6: (0f) r2 += r1").doesNotContain("id=\"refused\"", "h-source");
    }

    @Test
    void drawsFromWhereOnEachCpuThatHangsIsDead() throws IOException {
        RunRecord run = deadlock(Reports.nested(Reports.LOCK, true)).toBuilder()
                .nmis(List.of())
                .timeline(List.of(
                        new TimelineEvent(0, OptionalInt.empty(), "prepared", "7.2"),
                        new TimelineEvent(500, OptionalInt.of(0), "last sign of life", "no heartbeat since"),
                        new TimelineEvent(500, OptionalInt.of(1), "last sign of life", "no heartbeat since"),
                        new TimelineEvent(1000, OptionalInt.empty(), "verdict", "DEADLOCK")))
                .build();
        String page = page(run);
        assertThat(count(page, "<g class=\"span stuck\">")).isEqualTo(2);
        assertThat(page).contains("<title>NMI waits for " + Reports.LOCK + "</title>");
    }

    @Test
    void drawsWhatSamplesFoundTheCpusInAndTheContextOfOneThatHangs() throws IOException {
        RunRecord run = deadlock(Reports.nested(Reports.LOCK, true)).toBuilder()
                .samples(List.of(
                        new SampledSpan(0, 1000, 1895, "user", 9, List.of()),
                        new SampledSpan(0, 1910, 2100, "irqs-off", 1, List.of("<b>", "spin")),
                        new SampledSpan(1, 1000, 2100, "idle", 30, List.of("pv_native_safe_halt"))))
                .build();
        String page = page(run);
        assertThat(count(page, "<rect class=\"context ")).isEqualTo(4);
        assertThat(count(page, "<rect class=\"context nmi\"")).isEqualTo(1);
        assertThat(page)
                .contains("user code (9 samples)", "kernel, interrupts off, in &lt;b&gt;, spin (1 sample)")
                .contains("idle (30 samples)", "nmi context, by its stack at the end");
    }

    /** A report of before, or of a target whose registers cannot be read. */
    @Test
    void drawsNoContextsIfNothingSampledThem() throws IOException {
        assertThat(page(deadlock(Reports.nested(Reports.LOCK, true)))).doesNotContain("class=\"context", "executed");
    }

    @Test
    void cutsWhatIsTooLongAndSaysSo() throws IOException {
        String name = "n".repeat(4000);
        List<Stack> stacks = IntStream.range(0, 1000)
                .mapToObj(cpu ->
                        new Stack(OptionalInt.of(cpu), "task", List.of(Frame.of("f" + cpu, 1), Frame.of(name, 2))))
                .toList();
        Evidence found = Evidence.builder(EvidenceKind.CPU_STUCK, name, name)
                .stacks(stacks)
                .build();
        String page = page(deadlock(found, Reports.nested(name, true)));
        assertThat(page).hasSizeLessThan(2_000_000).contains("nnn...");
    }

    @Test
    void showsOfALongConsoleItsBeginningItsEndAndItsEvidence() throws IOException {
        Evidence found = Evidence.builder(EvidenceKind.CPU_STUCK, "stuck", "stuck")
                .source(Source.CONSOLE)
                .line(OptionalLong.of(300_000))
                .build();
        RunRecord run = deadlock(found);
        Reports.write(temporary, "", run);
        try (BufferedWriter out = Files.newBufferedWriter(temporary.resolve("dead/7.2.13-cloud/1/console.log"))) {
            for (int i = 1; i <= 500_000; i++) {
                out.write("<6>[ 1.0] line " + i + " " + "x".repeat(85) + "\n");
            }
        }
        HtmlReport.write(temporary, Optional.empty());
        assertThat(only(temporary, run))
                .hasSizeLessThan(300_000)
                .contains("line 1 ", "line 299999 ", "line 300000 ", "line 500000 ", "lines left out", "500000 lines")
                .contains("id=\"console-1\"", "href=\"#console-1\"")
                .doesNotContain("line 200000 ");
    }

    @Test
    void namesWhatIsNewChangedAndGoneSinceAnEarlierReport() throws IOException {
        Path before = Reports.write(
                temporary.resolve("before"), "", CLEAN, Reports.run("gone", 1, Verdict.CLEAN, Verdict.CLEAN));
        Path now = Reports.write(
                temporary.resolve("now"),
                "",
                Reports.run("clean", 1, Verdict.DEADLOCK, Verdict.CLEAN, Reports.nested(Reports.LOCK, true)));
        HtmlReport.write(now, Optional.of(before));
        assertThat(Files.readString(now.resolve("index.html")))
                .contains("Since before", "CLEAN", "gone", "cpu-stuck:" + Reports.LOCK);
        HtmlReport.write(now, Optional.of(now));
        assertThat(Files.readString(now.resolve("index.html"))).contains("Nothing changed.");
    }

    @Test
    @Tag("full")
    void writesAThousandRuns() throws IOException {
        RunRecord[] runs = IntStream.rangeClosed(1, 1000)
                .mapToObj(attempt -> Reports.run("clean", attempt, Verdict.CLEAN, Verdict.CLEAN))
                .toArray(RunRecord[]::new);
        Reports.write(temporary, "", runs);
        HtmlReport.write(temporary, Optional.empty());
        assertThat(Files.readString(temporary.resolve("index.html")))
                .hasSizeLessThan(1_000_000)
                .contains("1000 of 1000", "clean/7.2.13-cloud/1000/index.html");
    }
}
