// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerdictDifferencesTest {
    private static final KernelName OLD = new KernelName("debian:6.12", "6.12.118", "old");
    private static final KernelName NEW = new KernelName("debian:7.2", "7.2.13", "new");

    private static RunRecord run(String id, KernelName kernel, Verdict verdict) {
        return RunRecord.of(id, kernel, 1)
                .verdict(verdict)
                .expected(Verdict.REJECTED)
                .build();
    }

    @Test
    void tellsWhatDiffersAndNothingElse() {
        RunRecord other = run("f/b", OLD, Verdict.REJECTED).toBuilder()
                .mismatch("the verifier's log was to have \"x\", and has it not")
                .build();
        assertThat(VerdictDifferences.of(List.of(
                        run("f/a", OLD, Verdict.REJECTED),
                        other,
                        run("f/a", NEW, Verdict.REJECTED),
                        run("f/b", NEW, Verdict.REJECTED),
                        run("f/c", OLD, Verdict.CLEAN),
                        run("f/c", NEW, Verdict.CLEAN))))
                .isEqualTo("""
                        debian:6.12: {CLEAN, not as expected=1, REJECTED=1, REJECTED, not as expected=1}
                        debian:7.2: {CLEAN, not as expected=1, REJECTED=2}
                        f/b differs:
                          debian:6.12: REJECTED, not as expected: the verifier's log was to have "x", and has it not
                          debian:7.2: REJECTED
                        """);
    }

    @Test
    void ofOneKernelThereIsNothingToTell() {
        assertThat(VerdictDifferences.of(List.of(run("f/a", NEW, Verdict.CLEAN))))
                .isEmpty();
    }
}
