// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.List;
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

                #### Reproducers and kernels

                THE TABLE
                """);
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
}
