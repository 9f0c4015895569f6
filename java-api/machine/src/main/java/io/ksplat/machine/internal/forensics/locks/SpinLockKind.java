// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.KernelFunctions;
import io.ksplat.machine.internal.arch.Role;
import java.util.Optional;

/** The kinds of locks that a CPU waits for without sleeping, and the functions that it is in meanwhile. */
public enum SpinLockKind {
    SPIN,
    READ_WRITE;

    /** What a CPU in this function waits for. */
    public static Optional<SpinLockKind> in(String function) {
        KernelFunctions functions = Arch.guest().functions();
        if (functions.is(function, Role.SPIN_LOCK)) {
            return Optional.of(SPIN);
        }
        return functions.is(function, Role.READ_WRITE_LOCK) ? Optional.of(READ_WRITE) : Optional.empty();
    }

    /** Whether a function does nothing but take a lock that its caller names. */
    public static boolean isLocking(String function) {
        return Arch.guest().functions().is(function, Role.LOCK_WRAPPER)
                || in(function).isPresent();
    }

    /** Whether somebody holds a lock with this word: a waiting CPU's lock is held, or was no lock. */
    boolean isHeld(int word) {
        return this == SPIN ? (word & 0xff) == 1 : word != 0;
    }
}
