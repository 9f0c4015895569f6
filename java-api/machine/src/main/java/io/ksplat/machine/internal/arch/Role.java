// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a kernel function does, as far as forensics cares. The roles of each function are in {@code functions.txt}. */
public enum Role {
    /** Waits for an interrupt in the idle loop. */
    IDLE,
    /** Calls the idle loop: a stack that has such a frame runs nothing else. */
    IDLE_TASK,
    /** Waits for time to pass, for example for another CPU's NMI backtrace: ends by itself. */
    DELAY,
    /** Waits for another CPU to answer: stuck only if that one is. */
    CPU_WAIT,
    /** Handles a panic. */
    PANIC,
    /** Has stopped its CPU for good, because another one panics. */
    STOPPED,
    /** Spins for a queued spin lock: the slow path. */
    SPIN_LOCK,
    /** Gives up by itself: what waits there is never deadlocked. */
    TIMED,
    /** Spins for a queued read-write lock: the slow path. */
    READ_WRITE_LOCK,
    /** Takes a lock that its caller names, and does nothing else. */
    LOCK_WRAPPER,
    /** Spins without a limit: a CPU that was seen nowhere else, while all others lived, is stuck. */
    ENDLESS,
    /** Begins with the address of a spin lock in its first argument. */
    LOCK_ARGUMENT,
    /** Switches to another task. */
    SCHEDULE,
    /** Sleeps for a mutex. */
    MUTEX,
    /** Sleeps for an rw_semaphore. */
    RW_SEMAPHORE,
    /** Sleeps for a semaphore. */
    SEMAPHORE,
    /** Sleeps for a completion. */
    COMPLETION,
    /** Sleeps for what its caller names, and does nothing else. */
    SLEEP,
    /** Waits for user space or for work, and holds no lock of the kernel's while it sleeps. */
    UNLOCKED,
    /** Enters or handles an NMI, at the outer end of its stack. */
    NMI_ENTRY,
    /** Enters or handles an interrupt, at the outer end of its stack. */
    IRQ_ENTRY,
    /** Rewrites the top of the stack on the way into or out of a function. */
    THUNK,
    /** Is what a function returns to that has a return probe; the real caller is kept elsewhere. */
    RETURN_HOOK;

    /** Finds a role by its spelling in the file, such as {@code idle-task}. */
    static Optional<Role> spelled(String word) {
        return Arrays.stream(values())
                .filter(role ->
                        role.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(word))
                .findFirst();
    }
}
