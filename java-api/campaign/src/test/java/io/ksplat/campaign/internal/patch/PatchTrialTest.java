// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.ScriptedKernels;
import io.ksplat.evidence.Control;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.PatchRecord;
import io.ksplat.results.internal.wire.CampaignJson;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PatchTrialTest {
    private static final KernelSpec BASE = KernelSpec.parse("tree:/linux@base+plain");
    private static final KernelSpec PATCHED = KernelSpec.parse("tree:/linux@patched+plain");
    private static final BiFunction<KernelSpec, Integer, RunRecord> BUG =
            (kernel, attempt) -> ScriptedKernels.deadlock(kernel, attempt, "bug");

    @Test
    void aBugThatIsGoneIsCuredAfterThreePairsInTurns() throws Exception {
        ScriptedKernels kernels = kernels(BUG, ScriptedKernels::clean);

        PatchResult result = trial(kernels);

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CURES);
        assertThat(result.errorBound()).isLessThanOrEqualTo(0.05);
        assertThat(kernels.asked())
                .containsExactly(
                        BASE.toString(), PATCHED.toString(),
                        BASE.toString(), PATCHED.toString(),
                        BASE.toString(), PATCHED.toString());
        PatchRecord record = result.record("a base", "lockdep", List.of("a patch"), List.of(), List.of());
        assertThat(CampaignJson.line(record))
                .startsWith("{\"verdict\":\"CURES\",\"errorBound\":0.0")
                .contains("\"runs\":{\"base\":3,\"patched\":3},\"reproduced\":{\"base\":3,\"patched\":0}");
        PatchRecord.Side with = record.reproducers().get(0).patched();
        assertThat(with.seen()).isZero();
        assertThat(with.high()).as("three runs say little").isBetween(0.5, 0.9);
        assertThat(with.folders()).hasSize(3).doesNotHaveDuplicates();
    }

    @Test
    void aBugThatStaysIsNotCuredAfterOnePair() throws Exception {
        PatchResult result = trial(kernels(BUG, BUG));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.DOES_NOT_CURE);
        assertThat(result.comparisons().get(0).baseRuns()).hasSize(1);
    }

    @Test
    void aBugThatOnlyShowsMoreSeldomIsNotCured() throws Exception {
        Random random = new Random(1);
        BiFunction<KernelSpec, Integer, RunRecord> seldom = (kernel, attempt) -> random.nextInt(10) < 3
                ? ScriptedKernels.deadlock(kernel, attempt, "bug")
                : ScriptedKernels.clean(kernel, attempt);
        int cured = 0;
        for (int i = 0; i < 200; i++) {
            cured += trial(kernels(seldom, seldom)).verdict() == PatchVerdict.CURES ? 1 : 0;
        }
        assertThat(cured).isLessThanOrEqualTo(10);
    }

    @Test
    void aPatchThatLeaksBreaks() throws Exception {
        PatchResult result = trial(kernels(BUG, ScriptedKernels::leak));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.BREAKS);
        assertThat(result.why()).contains("freed:x");
    }

    @Test
    void aNewSplatBreaksWhateverBecameOfTheBug() throws Exception {
        PatchResult result =
                trial(kernels(BUG, (kernel, attempt) -> ScriptedKernels.deadlock(kernel, attempt, "another")));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.BREAKS);
        assertThat(result.why()).contains("another");
    }

    private static RunRecord ofAnother(KernelSpec kernel, int attempt) {
        return ScriptedKernels.deadlock(kernel, attempt, "another").toBuilder()
                .mismatch("another bug: another; the reproducer is of bug")
                .build();
    }

    /** The reproducer names its bug, and both kernels have another one that it meets first. */
    @Test
    void aBugThatTheReproducerIsNotOfIsNotTheOneToCure() throws Exception {
        PatchResult result = trial(kernels(PatchTrialTest::ofAnother, ScriptedKernels::clean));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(result.comparisons().get(0).base().seen()).isZero();
    }

    @Test
    void aBugThatTheBaseHasTooIsNoneOfThePatch() throws Exception {
        PatchResult result = trial(kernels(PatchTrialTest::ofAnother, PatchTrialTest::ofAnother));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
    }

    @Test
    void aLeakThatTheBaseHasTooIsNoneOfThePatch() throws Exception {
        PatchResult result = trial(kernels(ScriptedKernels::leak, ScriptedKernels::leak));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(result.errorBound()).isEqualTo(1);
    }

    @Test
    void runsThatNoNmiReachedSayNothingOfThePatch() throws Exception {
        PatchResult result = trial(kernels(BUG, ScriptedKernels::missed));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
    }

    static Stream<Control> whatAccusesNobody() {
        return Stream.of(
                Control.stimulus("nmi", 1, 0),
                Control.stimulus("storm", 30, 17),
                Control.stimulus("sysrq", 1, 0),
                Control.observer("lockdep", 1, 0),
                Control.observer("kasan", 1, 0));
    }

    @ParameterizedTest
    @MethodSource("whatAccusesNobody")
    void aStimulusOrAnObserverThatFailedAccusesNoPatch(Control failed) throws Exception {
        PatchResult result = trial(kernels(BUG, (kernel, attempt) -> ScriptedKernels.failing(kernel, attempt, failed)));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
    }

    @Test
    void whereTheBaseIsCleanNothingIsCured() throws Exception {
        PatchResult result = trial(kernels(ScriptedKernels::clean, ScriptedKernels::clean));

        assertThat(result.verdict()).isEqualTo(PatchVerdict.NO_BUG_ON_BASE);
        assertThat(result.errorBound()).isLessThanOrEqualTo(0.05);
        assertThat(result.comparisons().get(0).baseRuns()).hasSize(29);
    }

    @Test
    void aKernelThatNeverGetsThereIsGivenUpSoon() throws Exception {
        ScriptedKernels kernels = kernels(BUG, ScriptedKernels::error);

        assertThat(trial(kernels).verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(kernels.asked()).hasSize(6);
    }

    private static ScriptedKernels kernels(
            BiFunction<KernelSpec, Integer, RunRecord> base, BiFunction<KernelSpec, Integer, RunRecord> patched) {
        return new ScriptedKernels((kernel, attempt) ->
                kernel.equals(BASE) ? base.apply(kernel, attempt) : patched.apply(kernel, attempt));
    }

    private static PatchResult trial(ScriptedKernels kernels) throws Exception {
        return new PatchTrial(List.of(kernels), BASE, PATCHED, 0.05, 40, Progress.NONE).run();
    }
}
