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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    }

    private static Script once(int attempt, Script other, Script usual) {
        return (kernel, n) -> (n == attempt ? other : usual).apply(kernel, n);
    }

    @Test
    void oneRunThatTellsNothingNeedsAnotherPair() throws Exception {
        for (Script other : List.<Script>of(ScriptedKernels::missed, ScriptedKernels::leak, ScriptedKernels::error)) {
            runs.clear();
            PatchResult base = result(reproducer("b", once(2, other, CLEAN), CLEAN));
            assertThat(base.verdict()).isEqualTo(PatchVerdict.CHANGES_NOTHING);
            assertThat(of(base, "b").why()).isEqualTo("CLEAN in 7 of 8 runs; the others tell nothing");
            assertThat(runs).as("four pairs").hasSize(8);
        }
        PatchResult starved = result(reproducer("b", CLEAN, once(2, ScriptedKernels::missed, CLEAN)));
        assertThat(starved.verdict()).isEqualTo(PatchVerdict.CHANGES_NOTHING);
        assertThat(result(reproducer("b", once(1, ScriptedKernels::missed, CLEAN), REJECTED))
                        .verdict())
                .isEqualTo(PatchVerdict.CHANGES);
    }

    /** The kernel may have caused it, and the base shows nothing like it. */
    @Test
    void aDoubtWithThePatchOnlyIsNeverCleared() throws Exception {
        Script busy = (kernel, n) -> ScriptedKernels.missed(kernel, n).toBuilder()
                .evidence(ScriptedKernels.deadlock(kernel, n, "busy").evidence())
                .build();
        for (Script doubt : List.<Script>of(ScriptedKernels::leak, ScriptedKernels::error, busy)) {
            PatchResult result = result(reproducer("b", CLEAN, once(2, doubt, CLEAN)));
            assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
            assertThat(result.why()).contains("not decided: b");
            assertThat(result(reproducer("b", REJECTED, once(1, doubt, REJECTED)))
                            .verdict())
                    .isEqualTo(PatchVerdict.CANNOT_TELL);
        }
        assertThat(result(reproducer("b", once(1, BUG, CLEAN), once(2, ScriptedKernels::missed, CLEAN)))
                        .verdict())
                .as("two verdicts on one side")
                .isEqualTo(PatchVerdict.CANNOT_TELL);
    }

    @Test
    void threeErrorsInARowEndAReproducerAndTwoSuchReproducersTheTrial() throws Exception {
        Script dying = (kernel, n) -> n < 3 ? CLEAN.apply(kernel, n) : ScriptedKernels.error(kernel, n);
        PatchResult one = result(
                reproducer("broken", once(1, REJECTED, CLEAN), dying),
                reproducer("breaks", CLEAN, ScriptedKernels::leak));
        assertThat(runs).filteredOn("broken"::equals).as("five pairs").hasSize(10);
        assertThat(one.verdict()).as("one broken reproducer hides nothing").isEqualTo(PatchVerdict.BREAKS);

        runs.clear();
        PatchResult all = result(
                reproducer("clean", CLEAN, CLEAN),
                reproducer("a", CLEAN, ScriptedKernels::error),
                reproducer("b", ScriptedKernels::error, CLEAN),
                reproducer("c", CLEAN, CLEAN));
        assertThat(runs).doesNotContain("c");
        assertThat(all.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(all.why()).contains("not decided: a, b", "ended because ksplat failed; not tried: 1");
    }

    /** It is those reproducers that tell nothing, and not ksplat that fails. */
    @Test
    void reproducersThatTellNothingDoNotEndTheTrial() throws Exception {
        PatchResult result = result(
                reproducer("a", ScriptedKernels::missed, ScriptedKernels::missed),
                reproducer("b", ScriptedKernels::missed, ScriptedKernels::missed),
                reproducer("c", CLEAN, REJECTED));
        assertThat(of(result, "c").verdict()).contains(PatchVerdict.CHANGES);
    }

    @Test
    void ofEachPairBothRunsAreAnnouncedFirst() throws Exception {
        List<String> told = new ArrayList<>();
        Trial trial = new Trial() {
            @Override
            public List<RunRecord> run(KernelSpec kernel, int attempt) {
                told.add("run " + kernel + " " + attempt);
                return List.of(REJECTED.apply(kernel, attempt));
            }

            @Override
            public void announce(KernelSpec kernel, int attempt) {
                told.add("announce " + kernel + " " + attempt);
            }
        };
        result(trial);
        assertThat(told)
                .containsExactly(
                        "announce " + BASE + " 1",
                        "announce " + PATCHED + " 1",
                        "run " + BASE + " 1",
                        "run " + PATCHED + " 1");
    }

    /** Also if the other side is decided: more pairs would fail as well. */
    @Test
    void aSideOnWhichEachRunFailedIsNotAskedForMore() throws Exception {
        for (Script base : List.<Script>of(ScriptedKernels::error, CLEAN)) {
            Trial trial = reproducer("a", base, base == CLEAN ? ScriptedKernels::error : CLEAN);
            Map<String, List<RunRecord>> without = new HashMap<>();
            Map<String, List<RunRecord>> with = new HashMap<>();
            for (int pair = 1; pair <= VerdictChange.LEAST_RUNS; pair++) {
                PatchTrial.add(without, trial.run(BASE, pair));
                PatchTrial.add(with, trial.run(PATCHED, pair));
                Comparison pairs = PatchTrial.compare(without, with, 0.05).get(0);
                assertThat(VerdictChange.settled(pairs).isPresent()).isEqualTo(pair == VerdictChange.LEAST_RUNS);
            }
        }
    }

    @Test
    void whatTellsNothingOnBothSidesIsNotAskedForLong() throws Exception {
        PatchResult result = result(reproducer("a", ScriptedKernels::missed, ScriptedKernels::missed));

        assertThat(runs).as("three pairs").hasSize(6);
        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
        assertThat(of(result, "a").verdict()).isEmpty();
    }

    /** It may be the series that keeps the stimulus away. */
    @Test
    void whatTellsNothingOnOneSideIsAskedToTheEnd() throws Exception {
        PatchResult result = result(reproducer("a", CLEAN, ScriptedKernels::missed));

        assertThat(runs).as("all pairs").hasSize(2 * MOST);
        assertThat(result.verdict()).isEqualTo(PatchVerdict.CANNOT_TELL);
    }

    @Test
    void theAnswerOfEachReproducerIsToldAtOnce() throws Exception {
        List<String> told = new ArrayList<>();
        new CatalogueTrial(
                        List.of(reproducer("a", CLEAN, CLEAN), reproducer("b", CLEAN, REJECTED)),
                        BASE,
                        PATCHED,
                        0.05,
                        MOST,
                        (line, done) -> told.add(line))
                .run();
        assertThat(told)
                .anySatisfy(line -> assertThat(line).startsWith("1 of 2 reproducers; a: CHANGES NOTHING, "))
                .anySatisfy(line -> assertThat(line).startsWith("2 of 2 reproducers; b: CHANGES, "));
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
