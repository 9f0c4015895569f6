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
    LOCKDEP_CIRCULAR("lockdep-circular", "LOCKDEP"),
    LOCKDEP_RECURSIVE("lockdep-recursive", "LOCKDEP"),
    LOCKDEP_INVERSION("lockdep-inversion", "LOCKDEP"),
    LOCKDEP_INCONSISTENT("lockdep-inconsistent", "LOCKDEP"),
    LOCKDEP_WAIT_CONTEXT("lockdep-wait-context", "LOCKDEP"),
    LOCKDEP_HELD("lockdep-held", "LOCKDEP"),
    RCU_USAGE("rcu-usage", "LOCKDEP"),
    RCU_STALL("rcu-stall", "HANG"),
    SOFT_LOCKUP("soft-lockup", "HANG"),
    HARD_LOCKUP("hard-lockup", "HANG"),
    HUNG_TASK("hung-task", "HANG"),
    WORKQUEUE_LOCKUP("workqueue-lockup", "UNKNOWN"),
    SPINLOCK_BUG("spinlock-bug", "LOCKDEP"),
    ATOMIC_SLEEP("atomic-sleep", "ATOMIC_SLEEP"),
    /** A CPU seen from outside to spin for good. */
    CPU_STUCK("cpu-stuck", "HANG"),
    /** The resilient queued spin lock's own report, from a program's BPF stream. */
    RQSPINLOCK("rqspinlock", "UNKNOWN"),
    /** A program's own word that a lock was refused: -EDEADLK or -ETIMEDOUT. */
    LOCK_REFUSED("lock-refused", "UNKNOWN"),
    CSD_LOCK("csd-lock", "HANG"),
    /** KASAN, KFENCE, use after free, corrupted list. */
    MEMORY_SAFETY("memory-safety", "UNKNOWN"),
    OOPS("oops", "DoS"),
    WARNING("warning", "WARNING"),
    PANIC("panic", "DoS"),
    VERIFIER("verifier", "UNKNOWN"),
    OTHER("other", "UNKNOWN");

    private final String id;
    private final String type;

    EvidenceKind(String id, String type) {
        this.id = id;
        this.type = type;
    }

    public String id() {
        return id;
    }

    /** Returns what syzkaller's corpus calls evidence of this kind, unless its report tells more; UNKNOWN if it has no word for it. */
    public String type() {
        return type;
    }

    /** The kind that {@code results.json} spells {@code id}, if there is one. */
    public static Optional<EvidenceKind> of(String id) {
        return Arrays.stream(values()).filter(kind -> kind.id.equals(id)).findFirst();
    }
}
