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
 * @param evidence all evidence, from the console and from outside
 * @param controls the controls of the experiment and of the harness
 * @param everyCpuAlive whether every CPU sent heartbeats after the end of the experiment
 * @param visibility which views of the machine were available
 */
public record Findings(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive, Visibility visibility) {

    /** Which views of a machine are available. */
    public enum Visibility {
        /** The console, and registers, heartbeats and memory from outside. */
        OUTSIDE,
        /** Only a console or a log. Evidence of a deadlock must name a lock or a stuck CPU. */
        CONSOLE_ONLY
    }

    public Findings {
        evidence = List.copyOf(evidence);
        controls = List.copyOf(controls);
    }

    /** Creates findings about a machine that was seen from outside. */
    public Findings(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive) {
        this(evidence, controls, everyCpuAlive, Visibility.OUTSIDE);
    }

    /** Returns the verdict. It follows from evidence and controls, not from the expected verdict. */
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
     * Returns whether watching longer cannot change the verdict. A CRASH counts as final, although a deadlock may follow it.
     * Uncertain evidence is not final: the outside view may confirm it. A refusal is final once every CPU sends heartbeats.
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

    /** Returns the evidence that alone gives the verdict. Other evidence is not the bug. */
    public List<Evidence> decisive() {
        return decisive(verdict());
    }

    /** Returns the evidence that alone gives {@code verdict} if every CPU is alive. */
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
        if (isDeadlockOfSleepers(found)) {
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

    /** Returns whether tasks wait for what cannot come, all read from outside: for each other, or for one that has exited. */
    private static boolean isDeadlockOfSleepers(Evidence found) {
        return (found.kind() == EvidenceKind.HUNG_TASK || found.kind() == EvidenceKind.TASK_BLOCKED)
                && found.source() == Source.OUTSIDE
                && found.details() instanceof Details.Waits waits
                && (!found.cycle().isEmpty() || waits.waits().stream().anyMatch(Findings::isOrphaned));
    }

    private static boolean isOrphaned(Details.Wait wait) {
        return wait.owner()
                .filter(owner -> owner.context().equals(Details.Owner.EXITED) && !owner.inferred())
                .isPresent();
    }
}
