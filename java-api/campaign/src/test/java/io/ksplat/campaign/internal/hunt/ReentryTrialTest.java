// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Finding;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which places a trial knows of, from what runs of several of them show. */
class ReentryTrialTest {
    private static final Operation OPERATION =
            Operations.named(List.of("map-push/queue")).get(0);
    private static final List<Place> PLACES = List.of(place("a"), place("b"), place("c"), place("d"));

    /** What a kernel does at a place. */
    private enum Nature {
        SAFE,
        FAILS,
        DEADLY,
        DEADLY_WITHOUT_A_TRACE,
        CRASHING,
        NEVER_PASSED,
        REFUSED,
        /** ksplat fails. */
        FAILING,
        DETACHED,
        ODD,
        /** Deadly only if the other places are tried as well. */
        DEADLY_TOGETHER
    }

    private final Map<String, Nature> kernel = new HashMap<>();
    private final List<Integer> runs = new ArrayList<>();
    private final List<Integer> numbers = new ArrayList<>();
    private boolean again = true;

    private static Place place(String name) {
        return new Place("fentry/" + name, name + "+0x0");
    }

    private Nature of(Place place) {
        return kernel.getOrDefault(place.section().substring("fentry/".length()), Nature.SAFE);
    }

    private Tried tried() throws Exception {
        return new ReentryTrial(
                        OPERATION,
                        this::together,
                        (place, deadly, lock, number) -> {
                            numbers.add(number);
                            return new Finding(
                                    again ? "signature" : "",
                                    lock,
                                    place.where(),
                                    place.where(),
                                    1,
                                    again,
                                    false,
                                    Optional.empty(),
                                    place.section());
                        },
                        PLACES,
                        100)
                .run();
    }

    /** A machine dies of the first deadly place; what comes behind it was not entered. */
    private RunRecord together(List<Place> places) {
        runs.add(places.size());
        List<Control> controls = new ArrayList<>();
        Verdict verdict = Verdict.CLEAN;
        for (Place place : places) {
            Nature nature = of(place);
            if (nature == Nature.REFUSED) {
                return record(Verdict.REJECTED, List.of());
            }
            if (nature == Nature.FAILING) {
                return record(Verdict.ERROR, List.of(), "No space left on device");
            }
            if (nature == Nature.DETACHED) {
                return record(Verdict.ERROR, List.of(), "attach program at_a: Device or resource busy");
            }
            if (nature == Nature.ODD && places.size() == 1) {
                verdict = Verdict.INCONCLUSIVE;
            }
        }
        for (Place place : places) {
            Nature nature = of(place);
            boolean dead = verdict.isSplat();
            boolean entered = !dead && nature != Nature.NEVER_PASSED;
            boolean deadly =
                    nature == Nature.DEADLY || nature == Nature.DEADLY_WITHOUT_A_TRACE || nature == Nature.CRASHING;
            boolean trace = nature != Nature.DEADLY_WITHOUT_A_TRACE;
            controls.add(Control.effect("entered at " + place.section(), 0, entered && trace ? 1 : 0));
            controls.add(Control.effect("left at " + place.section(), 0, entered && !deadly ? 1 : 0));
            controls.add(
                    Control.effect("succeeded at " + place.section(), 0, entered && nature == Nature.SAFE ? 1 : 0));
            if (entered && deadly) {
                verdict = nature == Nature.CRASHING ? Verdict.CRASH : Verdict.DEADLOCK;
            }
            if (nature == Nature.ODD) {
                verdict = Verdict.INCONCLUSIVE;
            }
        }
        if (places.stream().allMatch(place -> of(place) == Nature.NEVER_PASSED)) {
            verdict = Verdict.INCONCLUSIVE;
        }
        if (places.size() > 1 && places.stream().anyMatch(place -> of(place) == Nature.DEADLY_TOGETHER)) {
            verdict = Verdict.DEADLOCK;
        }
        controls.add(Control.effect("error", 0, 16));
        return record(verdict, controls);
    }

    private static RunRecord record(Verdict verdict, List<Control> controls) {
        return record(verdict, controls, "because");
    }

    private static RunRecord record(Verdict verdict, List<Control> controls, String message) {
        return RunRecord.of("hunt", new KernelName("debian:6.12", "key", "6.12"), 1)
                .verdict(verdict)
                .message(message)
                .controls(controls)
                .evidence(
                        verdict.isSplat()
                                ? List.of(Evidence.builder(
                                                verdict == Verdict.CRASH
                                                        ? EvidenceKind.OOPS
                                                        : EvidenceKind.LOCKDEP_RECURSIVE,
                                                "possible recursive locking",
                                                "signature")
                                        .build())
                                : List.of())
                .build();
    }

    @Test
    void oneRunIsEnoughIfAllAreSafe() throws Exception {
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.SAFE);
        assertThat(tried.points()).isEqualTo(4);
        assertThat(tried.succeeded()).isEqualTo(4);
        assertThat(tried.message()).isEmpty();
        assertThat(runs).containsExactly(4);
    }

    @Test
    void theDeadlyPlaceIsNamedAndTheRestIsTriedWithoutIt() throws Exception {
        kernel.put("b", Nature.DEADLY);
        kernel.put("d", Nature.DEADLY);
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.DEADLOCK);
        assertThat(tried.findings()).hasSize(1);
        assertThat(tried.findings().get(0).from()).isEqualTo("b+0x0");
        assertThat(tried.findings().get(0).to()).isEqualTo("d+0x0");
        assertThat(tried.findings().get(0).points()).isEqualTo(2);
        assertThat(tried.points()).isEqualTo(4);
        assertThat(tried.succeeded()).isEqualTo(2);
        assertThat(runs).containsExactly(4, 3, 2);
        assertThat(numbers).as("one lock").containsExactly(1);
    }

    @Test
    void nothingIsRunWithoutAPlace() throws Exception {
        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.DEADLY));
        assertThat(tried().findings().get(0).points()).isEqualTo(4);
        assertThat(runs).containsExactly(4, 3, 2, 1);
    }

    @Test
    void aCrashIsNoDeadlock() throws Exception {
        kernel.put("b", Nature.CRASHING);
        assertThat(tried().answer()).isEqualTo(Answer.CRASH);
    }

    @Test
    void aDeadlyPlaceWithoutATraceIsFoundByHalves() throws Exception {
        kernel.put("c", Nature.DEADLY_WITHOUT_A_TRACE);
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.DEADLOCK);
        assertThat(tried.findings().get(0).from()).isEqualTo("c+0x0");
        assertThat(tried.points()).isEqualTo(4);
    }

    /** Halves that are clean do not take back what the whole has shown. */
    @Test
    void whatIsDeadlyOnlyTogetherIsNotSafe() throws Exception {
        kernel.put("b", Nature.DEADLY_TOGETHER);
        Tried tried = tried();
        assertThat(runs).containsExactly(4, 2, 2, 1, 1);
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message())
                .hasValueSatisfying(why ->
                        assertThat(why).contains("fentry/a", "fentry/d", "DEADLOCK: possible recursive locking"));
        assertThat(tried.failed()).as("it is the kernel's").isFalse();
    }

    @Test
    void whatDoesNotShowAgainIsNoFinding() throws Exception {
        kernel.put("b", Nature.DEADLY);
        again = false;
        assertThat(tried().answer()).isEqualTo(Answer.INCONCLUSIVE);
    }

    @Test
    void aPlaceThatIsNotPassedAgainDoesNotCount() throws Exception {
        kernel.put("c", Nature.NEVER_PASSED);
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.SAFE);
        assertThat(tried.points()).isEqualTo(3);
        assertThat(tried.message()).hasValueSatisfying(why -> assertThat(why).contains("fentry/c"));
        assertThat(runs).as("no run for those that are left").containsExactly(4);

        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.NEVER_PASSED));
        assertThat(tried().answer()).as("nothing was tried").isEqualTo(Answer.INCONCLUSIVE);
    }

    @Test
    void aRefusalOfOnePlaceHidesNoOther() throws Exception {
        kernel.put("a", Nature.REFUSED);
        kernel.put("d", Nature.DEADLY);
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.DEADLOCK);
        assertThat(tried.points()).isEqualTo(3);
        assertThat(tried.message()).contains("no program at fentry/a: because");

        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.REFUSED));
        assertThat(tried().answer()).isEqualTo(Answer.REJECTED);
    }

    /** So that the exit code says it, and that it is tried again. */
    @Test
    void whereKsplatFailsItSaysSo() throws Exception {
        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.FAILING));
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).hasValueSatisfying(why -> assertThat(why).contains("No space left on device"));
        assertThat(tried.failed()).isTrue();

        kernel.put("a", Nature.DEADLY);
        assertThat(tried().failed()).as("something is found").isFalse();

        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.DETACHED));
        assertThat(tried().answer()).isEqualTo(Answer.REJECTED);
        assertThat(tried().failed()).as("the kernel refuses").isFalse();
    }

    @Test
    void aDoubtIsNotSafe() throws Exception {
        kernel.put("b", Nature.ODD);
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.INCONCLUSIVE);
        assertThat(tried.message()).contains("fentry/b: because");
    }

    @Test
    void anOperationThatOnlyFailsWasNotTried() throws Exception {
        PLACES.forEach(place -> kernel.put(place.section().substring("fentry/".length()), Nature.FAILS));
        Tried tried = tried();
        assertThat(tried.answer()).isEqualTo(Answer.REFUSED);
        assertThat(tried.message()).hasValueSatisfying(why -> assertThat(why).contains("16"));
    }
}
