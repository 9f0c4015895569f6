// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GithubAnnotationsTest {
    @TempDir
    Path root;

    @BeforeEach
    void makeSources() throws IOException {
        Files.createDirectories(root.resolve("bpf/target"));
        Files.writeString(root.resolve("bpf/one.bpf.c"), "");
        Files.writeString(root.resolve("bpf/target/one.bpf.c"), "");
        Files.writeString(root.resolve("fork.c"), "");
    }

    private static RunRecord run(int attempt, String title, Frame... frames) {
        Evidence found = Evidence.builder(EvidenceKind.CPU_STUCK, title, "stuck|" + title)
                .stacks(List.of(new Stack(OptionalInt.of(0), "nmi", List.of(frames))))
                .build();
        return Runs.run("one", attempt, Verdict.DEADLOCK, Verdict.CLEAN).toBuilder()
                .evidence(List.of(found))
                .build();
    }

    private String annotations(List<RunRecord> runs, RunRecord... before) throws IOException {
        return GithubAnnotations.of(
                runs, new News(List.of(before), KnownReports.NONE, LocalDate.of(2026, 12, 1)), root);
    }

    @Test
    void standAtTheLineOfTheBpfProgram() throws IOException {
        Frame kernel = Frame.of("copy_process", 7).at("kernel/fork.c", 3);
        Frame program = Frame.of("bpf_prog_0123456789abcdef_on_nmi", 9).at("one.bpf.c", 67);
        assertThat(annotations(List.of(run(1, "stuck", kernel, program))))
                .startsWith("::error file=bpf/one.bpf.c,line=67,title=one%3A DEADLOCK%2C expected CLEAN::on ")
                .endsWith("%0Asignature: stuck|stuck\n");
    }

    @Test
    void aSourceThatIsNotThereIsNotNamed() throws IOException {
        Frame program = Frame.of("bpf_prog_0123456789abcdef_on_nmi", 9).at("two.bpf.c", 67);
        assertThat(annotations(List.of(run(1, "stuck", program)))).startsWith("::error title=");
        Files.createDirectories(root.resolve("other"));
        Files.writeString(root.resolve("other/one.bpf.c"), "");
        assertThat(annotations(List.of(run(1, "stuck", Frame.of("f", 1).at("one.bpf.c", 1)))))
                .as("two of that name")
                .startsWith("::error title=");
    }

    /** The folder of a run has copies of the sources, and a report lies in the checkout. */
    @Test
    void theCopyInAReportIsNoSource() throws IOException {
        Path run = Files.createDirectories(root.resolve("ksplat-report/one/6.12/1"));
        Files.writeString(run.resolve("run.json"), "{}");
        Files.writeString(run.resolve("one.bpf.c"), "");
        Frame program = Frame.of("bpf_prog_0123456789abcdef_on_nmi", 9).at("one.bpf.c", 67);
        assertThat(annotations(List.of(run(1, "stuck", program)))).startsWith("::error file=bpf/one.bpf.c,line=67,");
    }

    @Test
    void whatIsNoNewsIsANotice() throws IOException {
        RunRecord run = run(1, "stuck");
        assertThat(annotations(List.of(run), run)).startsWith("::notice ").contains("%0Ano news: the earlier report");
    }

    /** The guest chooses what is in a title. */
    @Test
    void aTitleIsNoCommand() throws IOException {
        assertThat(annotations(List.of(run(1, "a%0A\n::set-env name=PATH::/tmp\r"))))
                .hasLineCount(1)
                .contains("a%250A%0A::set-env");
    }

    @Test
    void attemptsThatTellTheSameAreOne() throws IOException {
        assertThat(annotations(List.of(run(1, "stuck"), run(2, "stuck"))))
                .hasLineCount(1)
                .endsWith("%0A2 attempts\n");
        List<RunRecord> many = new ArrayList<>();
        for (int attempt = 1; attempt <= 13; attempt++) {
            many.add(run(attempt, "stuck " + attempt));
        }
        assertThat(annotations(many)).hasLineCount(11).endsWith("::notice::3 more of kind error are in the report\n");
    }

    @Test
    void nothingIsToldOfWhatIsAsExpected() throws IOException {
        assertThat(annotations(List.of(Runs.run("one", 1, Verdict.DEADLOCK, Verdict.DEADLOCK))))
                .isEmpty();
    }

    private static PatchRecord trial(String verdict, Optional<PatchRecord.Place> at) {
        return Runs.trial(
                verdict,
                "the reason",
                List.of(Runs.comparison("nmi-task-kptr", verdict, "the bug still shows: stuck", at)));
    }

    private String annotations(PatchRecord trial) throws IOException {
        return GithubAnnotations.of(trial, root);
    }

    @Test
    void aPatchTrialStandsAtTheLineOfTheSeries() throws IOException {
        PatchRecord.Place place = new PatchRecord.Place("kernel/bpf/helpers.c", 2312, "bpf_task_release");
        for (String tree : List.of("", "linux/")) {
            Path source = Files.createDirectories(root.resolve(tree + "kernel/bpf"));
            Files.writeString(source.resolve("helpers.c"), "");
            for (String verdict : List.of("BREAKS", "DOES NOT CURE")) {
                assertThat(annotations(trial(verdict, Optional.of(place))))
                        .isEqualTo("::error file=" + tree + "kernel/bpf/helpers.c,line=2312,title=nmi-task-kptr%3A "
                                + verdict + "::the bug still shows: stuck%0Athe evidence names bpf_task_release(),"
                                + " which the series changes\n");
            }
            Files.delete(source.resolve("helpers.c"));
        }
        assertThat(annotations(trial("BREAKS", Optional.of(place))))
                .as("a tree that is not below")
                .startsWith("::error title=");
    }

    @Test
    void aPatchTrialAccusesNoLineWithoutEvidence() throws IOException {
        assertThat(annotations(trial("DOES NOT CURE", Optional.empty())))
                .startsWith("::error title=")
                .endsWith("the evidence names no function that the series changes\n");
        assertThat(annotations(trial("CANNOT TELL", Optional.empty())))
                .isEqualTo("::notice title=the series%3A CANNOT TELL::the reason\n");
        assertThat(annotations(trial("CURES", Optional.empty()))).isEmpty();
        assertThat(annotations(trial("CHANGES NOTHING", Optional.empty()))).isEmpty();
    }
}
