// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import io.ksplat.evidence.EvidenceKind.Meaning;
import java.util.List;

/**
 * Decides the verdict of an experiment that took place.
 *
 * <pre>{@code
 * List<Control> controls = List.of(Control.effect("dropped", 1, 1));
 * Verdict verdict = new Findings(List.of(), controls, true).verdict(); // CLEAN
 * }</pre>
 *
 * @param evidence everything found, on the console and from outside
 * @param controls every control that the experiment asked for, and the harness's own
 * @param everyCpuAlive whether each CPU's heart beat after the experiment's end
 * @param visibility what could be seen at all
 */
public record Findings(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive, Visibility visibility) {

    /** What of a machine could be seen. */
    public enum Visibility {
        /** Registers, heartbeats and memory, besides the console. */
        OUTSIDE,
        /** Only a console or a log: a deadlock has to name a lock or a stuck CPU. */
        CONSOLE_ONLY
    }

    public Findings {
        evidence = List.copyOf(evidence);
        controls = List.copyOf(controls);
    }

    /** Findings on a machine that was seen from outside. */
    public Findings(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive) {
        this(evidence, controls, everyCpuAlive, Visibility.OUTSIDE);
    }

    /** Returns the verdict that evidence and controls give. It does not depend on what was expected. */
    public Verdict verdict() {
        if (has(Meaning.REJECTION)) {
            return Verdict.REJECTED;
        }
        if (has(Meaning.DEADLOCK)) {
            return Verdict.DEADLOCK;
        }
        if (has(Meaning.CRASH)) {
            return Verdict.CRASH;
        }
        if (hasUncertain()) {
            return Verdict.INCONCLUSIVE;
        }
        if (has(Meaning.REFUSAL)) {
            return everyCpuAlive ? Verdict.RECOVERED : Verdict.INCONCLUSIVE;
        }
        return isClean() ? Verdict.CLEAN : Verdict.INCONCLUSIVE;
    }

    /** Returns whether the verdict is DEADLOCK. */
    public boolean isDeadlock() {
        return verdict() == Verdict.DEADLOCK;
    }

    /**
     * Returns whether to stop looking: nothing that is still to come can change the verdict. A CRASH is final too, though a
     * deadlock may follow it. Uncertain evidence waits for the view from outside, a refusal for the heartbeats of every CPU.
     */
    public boolean isFinal() {
        if (has(Meaning.REJECTION) || has(Meaning.DEADLOCK) || has(Meaning.CRASH)) {
            return true;
        }
        if (hasUncertain()) {
            return false;
        }
        return has(Meaning.REFUSAL) ? everyCpuAlive : isClean();
    }

    /** Returns the evidence that alone would give the verdict: what else was found is not the bug. */
    public List<Evidence> decisive() {
        return decisive(verdict());
    }

    /** Returns the evidence that alone would give {@code verdict} on a kernel that lives. */
    public List<Evidence> decisive(Verdict verdict) {
        return evidence.stream()
                .filter(found -> new Findings(List.of(found), List.of(), true, visibility).verdict() == verdict)
                .toList();
    }

    private boolean isClean() {
        return everyCpuAlive && !controls.isEmpty() && controls.stream().allMatch(Control::passed);
    }

    private boolean has(Meaning meaning) {
        return evidence.stream().anyMatch(found -> meaning(found) == meaning);
    }

    private boolean hasUncertain() {
        return evidence.stream().anyMatch(found -> meaning(found).isUncertain());
    }

    private Meaning meaning(Evidence found) {
        if (isRingOfSleepers(found)) {
            return Meaning.DEADLOCK;
        }
        Meaning meaning = found.kind().meaning();
        return meaning == Meaning.DEADLOCK && visibility == Visibility.CONSOLE_ONLY && !namesLockOrStuckCpu(found)
                ? Meaning.INCONCLUSIVE
                : meaning;
    }

    private static boolean namesLockOrStuckCpu(Evidence found) {
        return found.kind() == EvidenceKind.CPU_STUCK || !found.locks().isEmpty();
    }

    /** Tasks that hang, and whose locks, read from outside at one moment, lead from one to the other. */
    private static boolean isRingOfSleepers(Evidence found) {
        return (found.kind() == EvidenceKind.HUNG_TASK || found.kind() == EvidenceKind.TASK_BLOCKED)
                && found.source() == Source.OUTSIDE
                && found.details() instanceof Details.Waits
                && !found.cycle().isEmpty();
    }
}
