// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Source;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** What a kernel's memory says of its lockdep, and with it whether a report of lockdep's on its console can be true. */
public enum LockdepState {
    /** The kernel was built without. */
    ABSENT("the kernel has no lockdep"),
    /** {@code debug_locks} is 1: lockdep has reported nothing. */
    ON("lockdep is still on, and its own reports turn it off"),
    /** {@code debug_locks} is 0. */
    OFF(""),
    /** It cannot be seen. */
    UNKNOWN("");

    /** Each is printed only after debug_locks_off() returned true (kernel/locking/lockdep.c). */
    private static final Set<EvidenceKind> TURN_IT_OFF = EnumSet.of(
            EvidenceKind.LOCKDEP_CIRCULAR,
            EvidenceKind.LOCKDEP_RECURSIVE,
            EvidenceKind.LOCKDEP_INVERSION,
            EvidenceKind.LOCKDEP_INCONSISTENT);

    private final String objection;

    LockdepState(String objection) {
        this.objection = objection;
    }

    /** Returns whether the evidence is of a kind that this state can refute: a lockdep report that only the console shows. */
    public static boolean canRefute(Evidence evidence) {
        return evidence.source() == Source.CONSOLE && TURN_IT_OFF.contains(evidence.kind());
    }

    /** Returns why lockdep did not print the evidence; empty if it may have. */
    public Optional<String> objection(Evidence evidence) {
        return objection.isEmpty() || !canRefute(evidence) ? Optional.empty() : Optional.of(objection);
    }
}
