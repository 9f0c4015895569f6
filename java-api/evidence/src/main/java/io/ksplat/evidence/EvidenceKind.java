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
    LOCKDEP_CIRCULAR("lockdep-circular", Meaning.DEADLOCK, "LOCKDEP"),
    LOCKDEP_RECURSIVE("lockdep-recursive", Meaning.DEADLOCK, "LOCKDEP"),
    LOCKDEP_INVERSION("lockdep-inversion", Meaning.DEADLOCK, "LOCKDEP"),
    LOCKDEP_INCONSISTENT("lockdep-inconsistent", Meaning.DEADLOCK, "LOCKDEP"),
    LOCKDEP_WAIT_CONTEXT("lockdep-wait-context", Meaning.CRASH, "LOCKDEP"),
    LOCKDEP_HELD("lockdep-held", Meaning.CRASH, "LOCKDEP"),
    RCU_USAGE("rcu-usage", Meaning.CRASH, "LOCKDEP"),
    RCU_STALL("rcu-stall", Meaning.STALL, "HANG"),
    SOFT_LOCKUP("soft-lockup", Meaning.STALL, "HANG"),
    HARD_LOCKUP("hard-lockup", Meaning.STALL, "HANG"),
    HUNG_TASK("hung-task", Meaning.STALL, "HANG"),
    WORKQUEUE_LOCKUP("workqueue-lockup", Meaning.STALL, "UNKNOWN"),
    SPINLOCK_BUG("spinlock-bug", Meaning.CRASH, "LOCKDEP"),
    ATOMIC_SLEEP("atomic-sleep", Meaning.CRASH, "ATOMIC_SLEEP"),
    /** A CPU seen from outside to spin for good. */
    CPU_STUCK("cpu-stuck", Meaning.DEADLOCK, "HANG"),
    /** A CPU seen from outside to execute and to wait for no lock. */
    CPU_BUSY("cpu-busy", Meaning.INCONCLUSIVE, "HANG"),
    /** A task seen from outside to sleep and not to come back. */
    TASK_BLOCKED("task-blocked", Meaning.INCONCLUSIVE, "HANG"),
    /** A real machine that does not answer any more. */
    MACHINE_LOST("machine-lost", Meaning.INCONCLUSIVE, "LOST_CONNECTION"),
    /** The resilient queued spin lock's own report, from a program's BPF stream. */
    RQSPINLOCK("rqspinlock", Meaning.REFUSAL, "UNKNOWN"),
    /** A program's own word that a lock was refused: -EDEADLK or -ETIMEDOUT. */
    LOCK_REFUSED("lock-refused", Meaning.REFUSAL, "UNKNOWN"),
    CSD_LOCK("csd-lock", Meaning.CRASH, "HANG"),
    /** KASAN, KFENCE, use after free, corrupted list. */
    MEMORY_SAFETY("memory-safety", Meaning.CRASH, "UNKNOWN"),
    OOPS("oops", Meaning.CRASH, "DoS"),
    WARNING("warning", Meaning.CRASH, "WARNING"),
    PANIC("panic", Meaning.CRASH, "DoS"),
    VERIFIER("verifier", Meaning.REJECTION, "UNKNOWN"),
    OTHER("other", Meaning.CRASH, "UNKNOWN");

    /** What a kind of evidence says of the kernel, if nothing else was found. */
    public enum Meaning {
        /** A deadlock, actual or predicted by lockdep. */
        DEADLOCK,
        /** A deadlock only if the view from outside agrees: a starved host stalls too. */
        STALL,
        /** The kernel found a deadlock and broke it. */
        REFUSAL,
        /** The verifier refused the program. */
        REJECTION,
        CRASH,
        /** Something is wrong, and what cannot be told. */
        INCONCLUSIVE;

        /** Returns whether the evidence alone decides nothing. */
        public boolean isUncertain() {
            return this == STALL || this == INCONCLUSIVE;
        }
    }

    private final String id;
    private final Meaning meaning;
    private final String type;

    EvidenceKind(String id, Meaning meaning, String type) {
        this.id = id;
        this.meaning = meaning;
        this.type = type;
    }

    public String id() {
        return id;
    }

    public Meaning meaning() {
        return meaning;
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
