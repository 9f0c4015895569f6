// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CrashConfirmationTest {
    private static final Path FOLDER = Path.of("2");

    private static List<Evidence> shows(EvidenceKind kind, String title, String signature) {
        return List.of(Evidence.builder(kind, title, signature).build());
    }

    private static RunRecord run(Verdict verdict, Optional<String> message) {
        return RunRecord.of("x", new KernelName("debian:7.2", "7.2.13", "7.2.13", Optional.empty()), 1)
                .verdict(verdict)
                .message(message)
                .build();
    }

    @Test
    void theSameKindAndSignatureIsTheSameWhateverTheTitleNames() {
        List<Evidence> first = shows(EvidenceKind.OOPS, "at 0x1", "oops: f");
        assertThat(CrashConfirmation.of(first, shows(EvidenceKind.OOPS, "at 0x2", "oops: f")))
                .isTrue();
        assertThat(CrashConfirmation.of(first, shows(EvidenceKind.OOPS, "at 0x1", "oops: g")))
                .isFalse();
        assertThat(CrashConfirmation.of(first, shows(EvidenceKind.WARNING, "at 0x1", "oops: f")))
                .isFalse();
        assertThat(CrashConfirmation.of(first, List.of())).isFalse();
    }

    /** A lock that is refused, by design, says nothing about the oops beside it. */
    @Test
    void whatIsNoCrashIsNoCrashSeenAgain() {
        Evidence oops = shows(EvidenceKind.OOPS, "at 0x1", "oops: f").get(0);
        Evidence refused =
                shows(EvidenceKind.LOCK_REFUSED, "refused", "lock-refused").get(0);
        assertThat(CrashConfirmation.of(List.of(oops, refused), List.of(refused)))
                .isFalse();
        assertThat(CrashConfirmation.of(List.of(refused, oops), List.of(refused, oops)))
                .isTrue();
    }

    @Test
    void aCrashThatIsNotSeenAgainSaysWhatWas() {
        RunRecord refuted = CrashConfirmation.refuted(
                run(Verdict.CRASH, Optional.empty()), run(Verdict.ERROR, Optional.of("QEMU ended")), FOLDER, 7);
        assertThat(refuted.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(refuted.notes()).containsExactly("the second attempt was ERROR: QEMU ended (2)");
        assertThat(refuted.timings().totalMs()).isEqualTo(7);
        assertThat(CrashConfirmation.confirmed(run(Verdict.CRASH, Optional.empty()), FOLDER, 7)
                        .verdict())
                .isEqualTo(Verdict.CRASH);
    }

    /** What was not seen again is of no bug. */
    @Test
    void aCrashThatIsNotSeenAgainIsOfNoOtherBug() {
        RunRecord another = run(Verdict.CRASH, Optional.empty()).toBuilder()
                .mismatch("another bug")
                .build();
        assertThat(CrashConfirmation.confirmed(another, FOLDER, 7).mismatch()).contains("another bug");
        assertThat(CrashConfirmation.refuted(another, run(Verdict.CLEAN, Optional.empty()), FOLDER, 7)
                        .mismatch())
                .isEmpty();
    }
}
