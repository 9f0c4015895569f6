// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SummaryMarkdownTest {
    @Test
    void countsAndShowsFirstWhatWasNotExpected() {
        List<RunRecord> runs = List.of(
                Runs.run("a", 1, Verdict.DEADLOCK, Verdict.DEADLOCK),
                Runs.run("b|c", 2, Verdict.CLEAN, Verdict.DEADLOCK).toBuilder()
                        .message("no NMI\narrived | <b>")
                        .build(),
                Runs.run("a", 2, Verdict.DEADLOCK, Verdict.DEADLOCK));
        assertThat(SummaryMarkdown.of(runs, "THE TABLE\n")).isEqualTo("""
                ### ksplat: 3 runs, 1 not as expected

                | verdict | runs |
                |---|---|
                | DEADLOCK | 2 |
                | CLEAN | 1 |

                #### Not as expected

                | reproducer | kernel | attempt | verdict | expected | why |
                |---|---|---|---|---|---|
                | `b\\|c` | 7.2.13+deb14-cloud-amd64 | 2 | CLEAN | DEADLOCK | no NMI arrived \\| &lt;b> |

                #### Who waits for whom

                `a` on 7.2.13+deb14-cloud-amd64, attempt 1:

                ```mermaid
                flowchart LR
                  t0["#38;rdp-#62;nocb_lock"]
                  t1["#38;p-#62;pi_lock"]
                  c0(["task on CPU 0"])
                  c0 -->|waits for| t1
                  t0 -->|held by| c0
                  c1(["nmi"])
                  c1 -->|waits for| t0
                  t1 -->|held by| c1
                ```

                #### Reproducers and kernels

                THE TABLE
                """);
    }

    /** That the bug is gone is what a patch trial hopes for. */
    @Test
    void callsNoRunOfAPatchTrialUnexpected() {
        RunRecord cured = Runs.run("a", 1, Verdict.CLEAN, Verdict.DEADLOCK).toBuilder()
                .tool(ToolRecord.of("1", List.of("patch", "a.patch"), 1))
                .build();
        assertThat(SummaryMarkdown.of(List.of(cured), "T"))
                .startsWith("### ksplat: 1 run, judged together\n")
                .doesNotContain("ot as expected");
        RunRecord failed = cured.toBuilder().verdict(Verdict.ERROR).build();
        assertThat(SummaryMarkdown.of(List.of(cured, failed), "T"))
                .as("nobody hopes for that")
                .startsWith("### ksplat: 2 runs, 1 not as expected\n");
    }

    @Test
    void isShortIfAllIsWell() {
        RunRecord run = Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN);
        assertThat(SummaryMarkdown.of(List.of(run), "T"))
                .startsWith("### ksplat: 1 run, all as expected\n")
                .doesNotContain("Not as expected");
        assertThat(SummaryMarkdown.of(List.of(), "T")).isEqualTo("### ksplat: no runs\n");
    }

    /** GitHub takes a megabyte. */
    @Test
    void fitsIntoAJobSummaryHoweverMuchWentWrong() {
        List<RunRecord> runs = new ArrayList<>();
        for (int i = 1; i <= 3000; i++) {
            runs.add(Runs.run("a", i, Verdict.ERROR, Verdict.CLEAN).toBuilder()
                    .message("x".repeat(5000))
                    .build());
        }
        String text = SummaryMarkdown.of(runs, "T");
        assertThat(text.length()).isLessThan(300_000);
        assertThat(text).contains("\n... 2800 more\n");
    }

    private static RunRecord cycle(String id, Verdict expected, int locks, String name) {
        List<CycleNode> nodes = new ArrayList<>();
        for (int i = 0; i < locks; i++) {
            nodes.add(new CycleNode(
                    "task",
                    OptionalInt.of(i),
                    Optional.of(new Task("init", 100 + i)),
                    name + i,
                    name + (i + 1) % locks,
                    i == 1));
        }
        return Runs.run(id, 1, Verdict.DEADLOCK, expected).toBuilder()
                .evidence(List.of(Evidence.builder(EvidenceKind.CPU_STUCK, "stuck", "stuck")
                        .cycle(nodes)
                        .build()))
                .build();
    }

    @Test
    void drawsTheCycleOfTheRunThatIsNotAsExpected() {
        String text = SummaryMarkdown.of(
                List.of(cycle("expected", Verdict.DEADLOCK, 3, "b"), cycle("other", Verdict.CLEAN, 2, "a")), "T\n");
        assertThat(text).contains("""
                #### Who waits for whom

                `other` on 7.2.13+deb14-cloud-amd64, attempt 1:

                ```mermaid
                flowchart LR
                  t0["a0"]
                  t1["a1"]
                  c0(["task init/100 on CPU 0"])
                  c0 -->|waits for| t1
                  t0 -->|held by| c0
                  c1(["task init/101 on CPU 1"])
                  c1 -->|waits for| t0
                  t1 -.->|held by, inferred| c1
                ```
                """);
        assertThat(SummaryMarkdown.of(List.of(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN)), "T"))
                .doesNotContain("mermaid", "waits for");
    }

    /** GitLab draws no longer one. */
    @Test
    void drawsNoGraphOfMoreThanTwoThousandCharacters() {
        for (int locks = 1; locks < 45; locks++) {
            String text = SummaryMarkdown.of(List.of(cycle("a", Verdict.CLEAN, locks, "x".repeat(500))), "T");
            int graph = text.indexOf("```mermaid");
            if (graph < 0) {
                assertThat(text).contains("A cycle of " + locks + ", too large");
                assertThat(locks).isGreaterThan(4);
            } else {
                assertThat(text.indexOf("```\n", graph + 10) - graph).isLessThan(2_000 + 11);
            }
        }
    }

    @Test
    void noNameEndsTheGraphOrALabel() {
        String text = SummaryMarkdown.of(List.of(cycle("a", Verdict.CLEAN, 2, "\"]\n```\n<script>#quot;")), "T");
        assertThat(text)
                .doesNotContain("<script>")
                .containsOnlyOnce("```mermaid")
                .contains("#34;#93;#10;#96;#96;#96;");
        assertThat(text.split("```", -1)).hasSize(3);
    }

    @Test
    void cutsATableThatHasNoRoomAndSaysSo() {
        String text = SummaryMarkdown.of(
                List.of(Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN)), "| a row \u00e4 |\n".repeat(100_000));
        assertThat(text.getBytes(StandardCharsets.UTF_8).length).isLessThan(1024 * 1000);
        assertThat(text).endsWith("| a row \u00e4 |\n\n... the rest is in table.md\n");
    }
}
