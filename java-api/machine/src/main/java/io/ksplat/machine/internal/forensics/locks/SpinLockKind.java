// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.KernelFunctions;
import io.ksplat.machine.internal.arch.Role;
import java.util.Optional;

/** The kinds of locks for which a CPU waits without sleeping. */
public enum SpinLockKind {
    SPIN,
    READ_WRITE;

    /** Returns the kind of lock for which a CPU in this function waits. */
    public static Optional<SpinLockKind> in(String function) {
        KernelFunctions functions = Arch.guest().functions();
        if (functions.is(function, Role.SPIN_LOCK)) {
            return Optional.of(SPIN);
        }
        return functions.is(function, Role.READ_WRITE_LOCK) ? Optional.of(READ_WRITE) : Optional.empty();
    }

    /** Returns whether a function only takes a lock that its caller names. */
    public static boolean isLocking(String function) {
        return Arch.guest().functions().is(function, Role.LOCK_WRAPPER)
                || in(function).isPresent();
    }

    /** Returns whether a lock with this word is held: a CPU waits for a lock that is held, or for something else. */
    boolean isHeld(int word) {
        return this == SPIN ? (word & 0xff) == 1 : word != 0;
    }
}
