// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Arrays;
import java.util.Optional;

/**
 * The kinds of {@link Evidence}; {@link #id()} is the spelling of {@code results.json}.
 *
 * <pre>{@code
 * boolean sure = evidence.kind() == EvidenceKind.CPU_STUCK && evidence.source() == Source.OUTSIDE;
 * }</pre>
 */
public enum EvidenceKind {
    LOCKDEP_CIRCULAR("lockdep-circular"),
    LOCKDEP_RECURSIVE("lockdep-recursive"),
    LOCKDEP_INVERSION("lockdep-inversion"),
    LOCKDEP_INCONSISTENT("lockdep-inconsistent"),
    LOCKDEP_WAIT_CONTEXT("lockdep-wait-context"),
    LOCKDEP_HELD("lockdep-held"),
    RCU_USAGE("rcu-usage"),
    RCU_STALL("rcu-stall"),
    SOFT_LOCKUP("soft-lockup"),
    HARD_LOCKUP("hard-lockup"),
    HUNG_TASK("hung-task"),
    WORKQUEUE_LOCKUP("workqueue-lockup"),
    SPINLOCK_BUG("spinlock-bug"),
    ATOMIC_SLEEP("atomic-sleep"),
    /** A CPU seen from outside to spin for good. */
    CPU_STUCK("cpu-stuck"),
    /** The resilient queued spin lock's own report, from a program's BPF stream. */
    RQSPINLOCK("rqspinlock"),
    /** A program's own word that a lock was refused: -EDEADLK or -ETIMEDOUT. */
    LOCK_REFUSED("lock-refused"),
    CSD_LOCK("csd-lock"),
    /** KASAN, KFENCE, use after free, corrupted list. */
    MEMORY_SAFETY("memory-safety"),
    OOPS("oops"),
    WARNING("warning"),
    PANIC("panic"),
    VERIFIER("verifier"),
    OTHER("other");

    private final String id;

    EvidenceKind(String id) {
        this.id = id;
    }

    public String id() {
        return id;
    }

    /** The kind that {@code results.json} spells {@code id}, if there is one. */
    public static Optional<EvidenceKind> of(String id) {
        return Arrays.stream(values()).filter(kind -> kind.id.equals(id)).findFirst();
    }
}
