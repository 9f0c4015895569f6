// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import java.util.Optional;
import java.util.Set;

/** The kinds of locks that a CPU waits for without sleeping, and the functions that it is in meanwhile. */
public enum SpinLockKind {
    SPIN,
    READ_WRITE;

    /** kernel/locking/qspinlock.c, kernel/bpf/rqspinlock.c. */
    private static final Set<String> SPIN_LOCKS = Set.of(
            "native_queued_spin_lock_slowpath",
            "queued_spin_lock_slowpath",
            "__pv_queued_spin_lock_slowpath",
            "resilient_queued_spin_lock_slowpath",
            "resilient_tas_spin_lock");

    /** kernel/locking/qrwlock.c. */
    private static final Set<String> READ_WRITE_LOCKS =
            Set.of("queued_read_lock_slowpath", "queued_write_lock_slowpath");

    /** Between a slow path and whoever wants the lock. */
    private static final Set<String> WRAPPERS = Set.of(
            "do_raw_spin_lock",
            "do_raw_read_lock",
            "do_raw_write_lock",
            "_raw_spin_lock",
            "_raw_spin_lock_irq",
            "_raw_spin_lock_irqsave",
            "_raw_spin_lock_bh",
            "_raw_spin_lock_nested",
            "_raw_spin_lock_irqsave_nested",
            "_raw_spin_lock_nest_lock",
            "_raw_read_lock",
            "_raw_read_lock_irq",
            "_raw_read_lock_irqsave",
            "_raw_read_lock_bh",
            "_raw_write_lock",
            "_raw_write_lock_irq",
            "_raw_write_lock_irqsave",
            "_raw_write_lock_bh",
            "_raw_write_lock_nested",
            "pv_wait_head_or_lock",
            "virt_spin_lock");

    /** What a CPU in this function waits for. */
    public static Optional<SpinLockKind> in(String function) {
        if (SPIN_LOCKS.contains(function)) {
            return Optional.of(SPIN);
        }
        return READ_WRITE_LOCKS.contains(function) ? Optional.of(READ_WRITE) : Optional.empty();
    }

    /** Whether a function does nothing but take a lock that its caller names. */
    public static boolean isLocking(String function) {
        return WRAPPERS.contains(function) || in(function).isPresent();
    }

    /** Whether somebody holds a lock with this word: a waiting CPU's lock is held, or was no lock. */
    boolean isHeld(int word) {
        return this == SPIN ? (word & 0xff) == 1 : word != 0;
    }
}
