// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.List;

/**
 * All that decides the verdict of an experiment that took place.
 *
 * <pre>{@code
 * List<Control> controls = List.of(Control.effect("dropped", 1, 1));
 * Verdict verdict = new Findings(List.of(), controls, true).verdict(); // CLEAN
 * }</pre>
 *
 * @param evidence everything found, on the console and from outside
 * @param controls every control that the experiment asked for, and the harness's own
 * @param everyCpuAlive whether each CPU's heart beat after the experiment's end
 */
public record Findings(List<Evidence> evidence, List<Control> controls, boolean everyCpuAlive) {
    public Findings {
        evidence = List.copyOf(evidence);
        controls = List.copyOf(controls);
    }

    /** The verdict, from evidence and controls alone; it knows nothing of what was expected. */
    public Verdict verdict() {
        if (has(Meaning.REJECTION)) {
            return Verdict.REJECTED;
        }
        if (has(Meaning.DEADLOCK) || evidence.stream().anyMatch(Findings::isRingOfSleepers)) {
            return Verdict.DEADLOCK;
        }
        if (has(Meaning.CRASH)) {
            return Verdict.CRASH;
        }
        if (has(Meaning.STALL)) {
            return Verdict.INCONCLUSIVE;
        }
        if (has(Meaning.REFUSAL)) {
            return everyCpuAlive ? Verdict.RECOVERED : Verdict.INCONCLUSIVE;
        }
        return everyCpuAlive && !controls.isEmpty() && controls.stream().allMatch(Control::passed)
                ? Verdict.CLEAN
                : Verdict.INCONCLUSIVE;
    }

    /** Returns whether the evidence by itself says DEADLOCK. */
    public boolean isDeadlock() {
        return new Findings(evidence, List.of(), false).verdict() == Verdict.DEADLOCK;
    }

    /** Returns whether nothing that is still to come can change the verdict. */
    public boolean isFinal() {
        if (evidence.isEmpty()) {
            return everyCpuAlive && !controls.isEmpty() && controls.stream().allMatch(Control::passed);
        }
        if (evidence.stream().allMatch(found -> meaningOf(found.kind()) == Meaning.STALL)) {
            return false;
        }
        return everyCpuAlive || evidence.stream().anyMatch(found -> meaningOf(found.kind()) != Meaning.REFUSAL);
    }

    /** Tasks that the kernel reported to hang, and whose locks, read from outside at one moment, lead from one to the other. */
    private static boolean isRingOfSleepers(Evidence found) {
        return found.kind() == EvidenceKind.HUNG_TASK
                && found.source() == Source.OUTSIDE
                && found.details() instanceof Details.Waits
                && !found.cycle().isEmpty();
    }

    private boolean has(Meaning meaning) {
        return evidence.stream().anyMatch(found -> meaningOf(found.kind()) == meaning);
    }

    private enum Meaning {
        DEADLOCK,
        /** A deadlock only if the view from outside agrees: a starved host stalls too. */
        STALL,
        REFUSAL,
        REJECTION,
        CRASH
    }

    private static Meaning meaningOf(EvidenceKind kind) {
        return switch (kind) {
            case LOCKDEP_CIRCULAR, LOCKDEP_RECURSIVE, LOCKDEP_INVERSION, LOCKDEP_INCONSISTENT, CPU_STUCK ->
                Meaning.DEADLOCK;
            case RCU_STALL, SOFT_LOCKUP, HARD_LOCKUP, HUNG_TASK, WORKQUEUE_LOCKUP -> Meaning.STALL;
            case RQSPINLOCK, LOCK_REFUSED -> Meaning.REFUSAL;
            case VERIFIER -> Meaning.REJECTION;
            case LOCKDEP_WAIT_CONTEXT,
                    LOCKDEP_HELD,
                    RCU_USAGE,
                    SPINLOCK_BUG,
                    ATOMIC_SLEEP,
                    CSD_LOCK,
                    MEMORY_SAFETY,
                    OOPS,
                    WARNING,
                    PANIC,
                    OTHER -> Meaning.CRASH;
        };
    }
}
