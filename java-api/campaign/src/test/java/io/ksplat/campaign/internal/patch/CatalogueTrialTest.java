// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.campaign.Trial;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class CatalogueTrialTest {
    private static final KernelSpec BASE = KernelSpec.parse("tree:/linux@base+plain");
    private static final KernelSpec PATCHED = KernelSpec.parse("tree:/linux@patched+plain");
    private static final int MOST = 10;

    private static final Script BUG = (kernel, attempt) -> ScriptedKernels.deadlock(kernel, attempt, "bug");
    private static final Script OTHER_BUG = (kernel, attempt) -> ScriptedKernels.deadlock(kernel, attempt, "other");
    private static final Script CLEAN = ScriptedKernels::clean;
    private static final Script REJECTED = of(Verdict.REJECTED, "the verifier");
    private static final Script LACKS = of(Verdict.UNSUPPORTED, "the kfunc x is missing");

    private final List<String> runs = new ArrayList<>();

    private interface Script extends BiFunction<KernelSpec, Integer, RunRecord> {}

    private static Script of(Verdict verdict, String message) {
        return (kernel, attempt) -> ScriptedKernels.clean(kernel, attempt).toBuilder()
                .verdict(verdict)
                .controls(List.of())
                .message(message)
                .build();
    }

    private Trial reproducer(String id, Script base, Script patched) {
        return (kernel, attempt) -> {
            runs.add(id);
            RunRecord run = (kernel.equals(BASE) ? base : patched).apply(kernel, attempt);
            return List.of(run.toBuilder().reproducer(id).build());
        };
    }

    private static PatchResult result(Trial... trials) throws Exception {
        return new CatalogueTrial(Arrays.asList(trials), BASE, PATCHED, 0.05, MOST, Progress.NONE).run();
    }

    private static Comparison of(PatchResult result, String id) {
        return result.comparisons().stream()
                .filter(each -> each.reproducer().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aCureIsTheVerdictIfNothingElseChanges() throws Exception {
        PatchResult result = result(
                reproducer("cured", BUG, CLEAN),
                reproducer("clean", CLEAN, CLEAN),
                reproducer("still", BUG, BUG),
                reproducer("lacks", LACKS, LACKS));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CURES);
        assertThat(result.errorBound()).isLessThanOrEqualTo(0.05);
        assertThat(result.why()).contains("CURES cured", "no change of 2", "not supported by this kernel: 1");
        assertThat(of(result, "still").verdict()).contains(PatchVerdict.CHANGES_NOTHING);
        assertThat(of(result, "lacks").why()).isEqualTo("the kfunc x is missing");
        assertThat(runs).filteredOn("lacks"::equals).as("one pair").hasSize(2);
        assertThat(runs).filteredOn("clean"::equals).as("three pairs").hasSize(6);
    }

    @Test
    void oneThatBreaksDecidesForAll() throws Exception {
        PatchResult result = result(
                reproducer("cured", BUG, CLEAN),
                reproducer("leaks", CLEAN, ScriptedKernels::leak),
                reproducer("missed", CLEAN, ScriptedKernels::missed));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.BREAKS);
        assertThat(result.why()).contains("BREAKS leaks", "CURES cured", "not decided: missed");
    }

    @Test
    void aNewSplatBreaks() throws Exception {
        assertThat(result(reproducer("a", CLEAN, BUG)).verdict()).isEqualTo(PatchVerdict.BREAKS);
        assertThat(result(reproducer("a", BUG, OTHER_BUG)).verdict()).isEqualTo(PatchVerdict.BREAKS);
    }

    @Test
    void nothingChangesOnlyIfEachIsSettled() throws Exception {
        assertThat(result(reproducer("a", CLEAN, CLEAN), reproducer("b", REJECTED, REJECTED))
                        .verdict())
                .isEqualTo(PatchVerdict.CHANGES_NOTHING);
        assertThat(result(reproducer("a", CLEAN, CLEAN), reproducer("b", ScriptedKernels::error, CLEAN))
                        .verdict())
                .isEqualTo(PatchVerdict.CANNOT_TELL);
        PatchResult seldom = result(
                reproducer("a", CLEAN, CLEAN),
                reproducer(
                        "b",
                        (kernel, n) -> n == 2 ? ScriptedKernels.missed(kernel, n) : CLEAN.apply(kernel, n),
                        CLEAN));
        assertThat(seldom.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(seldom.why()).contains("not decided: b");
    }

    @Test
    void whatTheKernelCannotTakeIsNoAnswer() throws Exception {
        PatchResult result = result(reproducer("a", LACKS, LACKS));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(result.why()).contains("can take none");
    }

    @Test
    void anotherVerdictIsAChange() throws Exception {
        for (Script after : List.of(REJECTED, LACKS, of(Verdict.RECOVERED, "refused"))) {
            PatchResult result = result(reproducer("a", CLEAN, after));
            assertThat(result.verdict()).isEqualTo(PatchVerdict.CHANGES);
            assertThat(of(result, "a").why()).startsWith("CLEAN without the series, ");
        }
        assertThat(result(reproducer("a", BUG, REJECTED)).verdict()).isEqualTo(PatchVerdict.CHANGES);
        assertThat(result(reproducer("a", REJECTED, CLEAN)).verdict()).isEqualTo(PatchVerdict.CHANGES);
    }

    /** The error is divided among them, so that each needs more pairs than alone. */
    @Test
    void aWholeCatalogueIsDecidedInTenPairs() throws Exception {
        List<Trial> all = new ArrayList<>(
                List.of(reproducer("cured", BUG, CLEAN), reproducer("leaks", CLEAN, ScriptedKernels::leak)));
        for (int i = 0; i < 78; i++) {
            all.add(reproducer("clean-" + i, CLEAN, CLEAN));
        }

        PatchResult result = result(all.toArray(Trial[]::new));

        assertThat(of(result, "cured").verdict()).contains(PatchVerdict.CURES);
        assertThat(of(result, "leaks").verdict()).contains(PatchVerdict.BREAKS);
        assertThat(result.errorBound()).isLessThanOrEqualTo(0.05 / 80);
    }
}
