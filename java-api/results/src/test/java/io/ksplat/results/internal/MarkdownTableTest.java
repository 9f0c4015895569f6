// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MarkdownTableTest {
    private static final RunRecord OLD = run("b", "debian:6.1", Verdict.UNSUPPORTED, Verdict.UNSUPPORTED)
            .message("6.1.0 has no kfunc x")
            .build();
    private static final RunRecord DEAD = run("b", "debian:7.2", Verdict.DEADLOCK, Verdict.DEADLOCK)
            .because("it waits")
            .evidence(List.of(naming("pool->lock", "0xffff")))
            .build();

    private static RunRecord.Builder run(String id, String kernel, Verdict verdict, Verdict expected) {
        return RunRecord.of(id, new KernelName(kernel, "6.1.0", "key"), 1)
                .verdict(verdict)
                .expected(expected);
    }

    private static Evidence naming(String... locks) {
        return new Evidence(
                EvidenceKind.CPU_STUCK,
                "CPU 0 stuck",
                "cpu-stuck",
                Stream.of(locks)
                        .map(name -> new LockRef(name, Optional.empty(), Optional.empty()))
                        .toList(),
                List.of(),
                List.of(),
                Source.OUTSIDE,
                OptionalDouble.empty());
    }

    @Test
    void hasARowForEachReproducerAndTheReasonsBelow() {
        String table = MarkdownTable.of(List.of(List.of(
                OLD,
                DEAD,
                run("a", "debian:7.2", Verdict.DEADLOCK, Verdict.DEADLOCK)
                        .because("it waits")
                        .build())));

        assertThat(table).isEqualTo("""
                | id | lock at stake | debian:6.1 | debian:7.2 |
                |---|---|---|---|
                | `a` |  |  | DEADLOCK <sup>1</sup> |
                | `b` | `pool->lock` | UNSUPPORTED <sup>2</sup> | DEADLOCK <sup>1</sup> |

                1. it waits
                2. the kernel has no kfunc x
                """);
    }

    @Test
    void saysWhatWasExpectedInstead() {
        assertThat(MarkdownTable.of(List.of(List.of(
                        run("a", "debian:7.2", Verdict.CLEAN, Verdict.DEADLOCK).build(),
                        run("a", "debian:7.2", Verdict.DEADLOCK, Verdict.DEADLOCK)
                                .build()))))
                .contains("| `a` |  | 1 CLEAN, 1 DEADLOCK **(expected DEADLOCK)** |");
    }

    @Test
    void theLaterReportCounts() {
        assertThat(MarkdownTable.of(List.of(
                        List.of(
                                run("b", "debian:7.2", Verdict.CLEAN, Verdict.DEADLOCK)
                                        .build(),
                                OLD),
                        List.of(DEAD))))
                .contains("| `b` | `pool->lock` | DEADLOCK <sup>1</sup> | UNSUPPORTED <sup>2</sup> |")
                .doesNotContain("CLEAN");
    }

    @Test
    void saysWhatElseDiffers() {
        assertThat(MarkdownTable.of(List.of(List.of(run("a", "debian:7.2", Verdict.DEADLOCK, Verdict.DEADLOCK)
                        .mismatch("another lock")
                        .build()))))
                .contains("| DEADLOCK **(unexpected)** <sup>1</sup> |", "1. another lock");
    }

    @Test
    void staysATableWhateverAReproducerSays() {
        RunRecord hostile = run("a`|b", "tree:x|y", Verdict.CLEAN, Verdict.CLEAN)
                .because("one\n| two | <script>")
                .build();
        assertThat(MarkdownTable.of(List.of(List.of(hostile)))).isEqualTo("""
                | id | lock at stake | tree:x\\|y |
                |---|---|---|
                | `a'\\|b` |  | CLEAN <sup>1</sup> |

                1. one \\| two \\| &lt;script>
                """);
    }
}
