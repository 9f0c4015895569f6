// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Arrays;
import java.util.Optional;

/**
 * The kinds of {@link Evidence}. {@link #id()} is the name in {@code results.json}.
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
    /** A CPU that spins forever, seen from outside. */
    CPU_STUCK("cpu-stuck", Meaning.DEADLOCK, "HANG"),
    /** A CPU that executes code and waits for no lock, seen from outside. */
    CPU_BUSY("cpu-busy", Meaning.INCONCLUSIVE, "HANG"),
    /** A task that sleeps and does not wake up, seen from outside. */
    TASK_BLOCKED("task-blocked", Meaning.INCONCLUSIVE, "HANG"),
    /** A real machine that no longer answers. */
    MACHINE_LOST("machine-lost", Meaning.INCONCLUSIVE, "LOST_CONNECTION"),
    /** A report of the resilient queued spin lock in a program's BPF stream. */
    RQSPINLOCK("rqspinlock", Meaning.REFUSAL, "UNKNOWN"),
    /** A lock that was refused, reported by the program under test: -EDEADLK or -ETIMEDOUT. */
    LOCK_REFUSED("lock-refused", Meaning.REFUSAL, "UNKNOWN"),
    CSD_LOCK("csd-lock", Meaning.CRASH, "HANG"),
    /** KASAN, KFENCE, use after free, corrupted list. */
    MEMORY_SAFETY("memory-safety", Meaning.CRASH, "UNKNOWN"),
    OOPS("oops", Meaning.CRASH, "DoS"),
    WARNING("warning", Meaning.CRASH, "WARNING"),
    PANIC("panic", Meaning.CRASH, "DoS"),
    VERIFIER("verifier", Meaning.REJECTION, "UNKNOWN"),
    OTHER("other", Meaning.CRASH, "UNKNOWN");

    /** What a kind of evidence means if nothing else is found. */
    public enum Meaning {
        /** A deadlock, actual or predicted by lockdep. */
        DEADLOCK,
        /** A deadlock only if the outside view confirms it: a starved host causes stalls too. */
        STALL,
        /** The kernel found a deadlock and broke it. */
        REFUSAL,
        /** The verifier refused the program. */
        REJECTION,
        CRASH,
        /** Not enough to tell what is wrong. */
        INCONCLUSIVE;

        /** Returns whether the evidence alone does not decide the verdict. */
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

    /** Returns the type of this kind in syzkaller's corpus, UNKNOWN if it has none. A report may have a more specific type. */
    public String type() {
        return type;
    }

    /** Returns the kind with this id, if any. */
    public static Optional<EvidenceKind> of(String id) {
        return Arrays.stream(values()).filter(kind -> kind.id.equals(id)).findFirst();
    }
}
