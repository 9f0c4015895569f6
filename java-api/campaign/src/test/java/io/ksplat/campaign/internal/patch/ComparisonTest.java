// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.campaign.Trial;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the runs that tell nothing of the bug mean for a patch. Each letter is a run; a script begins again at its end. */
class ComparisonTest {
    private static final KernelSpec BASE = KernelSpec.parse("tree:/linux@base+plain");
    private static final KernelSpec PATCHED = KernelSpec.parse("tree:/linux@patched+plain");
    private static final int MOST = 40;
    private static final String CLEAN = "C".repeat(MOST);

    private static RunRecord run(String script, KernelSpec kernel, int attempt) {
        char letter = script.charAt((attempt - 1) % script.length());
        return switch (letter) {
            case 'D' -> ScriptedKernels.deadlock(kernel, attempt, "bug");
            case 'X' -> ScriptedKernels.deadlock(kernel, attempt, "another");
            case 'C' -> ScriptedKernels.clean(kernel, attempt);
            case 'L' -> ScriptedKernels.leak(kernel, attempt);
            case 'A' -> aimedTooLate(kernel, attempt);
            case 'E' -> ScriptedKernels.error(kernel, attempt);
            case 'M' -> ScriptedKernels.missed(kernel, attempt);
            case 'H' ->
                inconclusive(kernel, attempt)
                        .message("not every CPU's heart beat until the end")
                        .build();
            case 'B' -> seen(kernel, attempt, EvidenceKind.TASK_BLOCKED, Source.OUTSIDE);
            case 'S' -> seen(kernel, attempt, EvidenceKind.RCU_STALL, Source.CONSOLE);
            case 'O' -> seen(kernel, attempt, EvidenceKind.OOPS, Source.CONSOLE);
            case 'R' -> seen(kernel, attempt, EvidenceKind.LOCK_REFUSED, Source.CONSOLE);
            case 'U' ->
                ScriptedKernels.clean(kernel, attempt).toBuilder()
                        .verdict(Verdict.UNSUPPORTED)
                        .build();
            default -> throw new IllegalArgumentException(script);
        };
    }

    private static RunRecord aimedTooLate(KernelSpec kernel, int attempt) {
        return inconclusive(kernel, attempt)
                .controls(List.of(
                        Control.stimulus("nmi", 1, 1),
                        Control.effect("dropped", 1, 0),
                        Control.effect("freed:x", 1, 0)))
                .build();
    }

    private static RunRecord.Builder inconclusive(KernelSpec kernel, int attempt) {
        return ScriptedKernels.clean(kernel, attempt).toBuilder().verdict(Verdict.INCONCLUSIVE);
    }

    private static RunRecord seen(KernelSpec kernel, int attempt, EvidenceKind kind, Source source) {
        return inconclusive(kernel, attempt)
                .evidence(List.of(Evidence.builder(kind, "a " + kind.id(), kind.id())
                        .source(source)
                        .build()))
                .message("a " + kind.id())
                .build();
    }

    private static Trial reproducer(String id, String base, String patched) {
        return (kernel, attempt) -> List.of(run(kernel.equals(BASE) ? base : patched, kernel, attempt).toBuilder()
                .reproducer(id)
                .build());
    }

    private static PatchResult result(Trial... reproducers) throws Exception {
        return new PatchTrial(Arrays.asList(reproducers), BASE, PATCHED, 0.05, MOST, Progress.NONE).run();
    }

    private static PatchResult result(String base, String patched) throws Exception {
        return result(reproducer("a", base, patched));
    }

    private static PatchResult ofCatalogue(String base, String patched) throws Exception {
        return new CatalogueTrial(List.of(reproducer("a", base, patched)), BASE, PATCHED, 0.05, MOST, Progress.NONE)
                .run();
    }

    private static Comparison pairs(String base, String patched, double errorRate) {
        return Comparison.of("a", runs(base, BASE), runs(patched, PATCHED), errorRate);
    }

    private static List<RunRecord> runs(String script, KernelSpec kernel) {
        return IntStream.rangeClosed(1, script.length())
                .mapToObj(attempt -> run(script, kernel, attempt))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "D, CLCLLC, BREAKS",
        "D, BBCBBCBBC, CANNOT_TELL",
        "D, ECECEC, CANNOT_TELL",
        "DDDL, LCLLCLLCLC, CANNOT_TELL"
    })
    void whatLeaksBlocksOrFailsInHalfOfItsRunsIsNoCure(String base, String patched, PatchVerdict verdict)
            throws Exception {
        assertThat(result(base, patched).verdict()).isEqualTo(verdict);
        assertThat(ofCatalogue(base, patched).verdict()).isEqualTo(verdict);
    }

    /** One run of a hundred may be the one that somebody's machine does. */
    @ParameterizedTest
    @CsvSource({"L, freed:x", "B, a task-blocked", "S, a rcu-stall", "O, a oops"})
    void whatOnlyThePatchedKernelShowsForbidsACure(String once, String word) throws Exception {
        for (PatchResult result : List.of(result("D", "C" + once + CLEAN), ofCatalogue("D", "C" + once + CLEAN))) {
            assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
            assertThat(result.comparisons().get(0).why())
                    .contains("seen in 1 of 40 runs with the series, and 0 of 40 without it", word);
        }
        assertThat(result("D", "C" + once + CLEAN).why()).contains(word);
    }

    @Test
    void whatTheBaseShowsAsOftenForbidsNone() throws Exception {
        for (String both : List.of("L", "A", "B", "S")) {
            assertThat(result(both + "DDD", "C" + both + "CC").verdict()).isEqualTo(PatchVerdict.CURES);
        }
        for (String base : List.of("B", "A")) {
            assertThat(result(base + "DDD", "CLCC").verdict())
                    .as("of another kind than " + base)
                    .isEqualTo(PatchVerdict.CANNOT_TELL);
        }
    }

    /** Several reproducers share the error, so that one such run is not yet sure to be more than noise. */
    @ParameterizedTest
    @ValueSource(chars = {'D', 'X'})
    void oneSplatWithThePatchForbidsACure(char splat) {
        assertThat(pairs("D".repeat(30), "CCCC".repeat(6) + "C" + splat + "CCCC", 0.0005)
                        .verdict())
                .isEmpty();
        assertThat(pairs("D".repeat(30), "C".repeat(30), 0.0005).verdict()).contains(PatchVerdict.CURES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"E", "M", "H", "R"})
    void oneRunOfABusyHostForbidsNoCure(String host) throws Exception {
        assertThat(result("D", "C" + host + CLEAN).comparisons().get(0).patchedRuns())
                .hasSize(4);
        assertThat(result("D", "C" + host + CLEAN).verdict()).isEqualTo(PatchVerdict.CURES);
        assertThat(ofCatalogue("D", "C" + host + CLEAN).verdict()).isEqualTo(PatchVerdict.CURES);
        assertThat(result(host + "D" + host + "DD", "C" + host + "C" + host + "C")
                        .verdict())
                .as("on both sides")
                .isEqualTo(PatchVerdict.CURES);
    }

    @Test
    void mostRunsOfACureAreClear() throws Exception {
        PatchResult result = result("MMMD", "MMMC");
        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(result.why()).contains("30 of 40 runs with the series tell nothing");
    }

    @Test
    void aReproducerWithoutABugHasToStayThatWay() throws Exception {
        for (String patched : List.of("CLCLC", "CECEC", "U")) {
            assertThat(result(reproducer("a", "D", "C"), reproducer("b", "C", patched))
                            .verdict())
                    .as(patched)
                    .isNotEqualTo(PatchVerdict.CURES);
        }
        // Clear runs that follow settle it.
        assertThat(result(reproducer("a", "D", "C"), reproducer("b", "C", "CEEC" + CLEAN))
                        .verdict())
                .isEqualTo(PatchVerdict.CURES);
        for (String both : List.of("U", "M", "L")) {
            assertThat(result(reproducer("a", "D", "C"), reproducer("b", both, both))
                            .verdict())
                    .as(both)
                    .isEqualTo(PatchVerdict.CURES);
        }
    }

    /** The bug hides on the base what else is wrong there. */
    @Test
    void aBugThatStaysDoesNotHideALeak() throws Exception {
        assertThat(ofCatalogue("D", "LD" + "D".repeat(MOST)).verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(ofCatalogue("D", "D").verdict()).isEqualTo(PatchVerdict.CHANGES_NOTHING);
    }

    @Test
    void oneLeakOnTheBaseDoesNotExcuseAll() throws Exception {
        assertThat(result("CL" + CLEAN, "L").verdict()).isEqualTo(PatchVerdict.BREAKS);
        assertThat(result("CL", "LC").verdict()).isNotEqualTo(PatchVerdict.BREAKS);
    }
}
