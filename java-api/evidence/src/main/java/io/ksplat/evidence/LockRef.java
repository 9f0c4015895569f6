// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A lock that a report names.
 *
 * @param name as the report writes it ({@code &rdp->nocb_lock}), or the symbol at its address
 * @param address as the report writes it, in hexadecimal without {@code 0x}; it may be hashed ({@code %p})
 * @param lockClass lockdep's class, if lockdep speaks: the same from boot to boot, unlike the name
 * @param value the lock's word: 32 bits of a spin lock; the owner's 64 bits, flags included, of a mutex or an rw_semaphore
 * @param heldAt the function that took it, and whose task or CPU still holds it
 * @param wantedAt the function that waits for it or is about to take it
 */
public record LockRef(
        String name,
        Optional<String> address,
        Optional<String> lockClass,
        OptionalLong value,
        Optional<String> heldAt,
        Optional<String> wantedAt,
        Optional<Owner> owner) {

    /** How an owner is known; {@link #id()} is the spelling of {@code results.json}. */
    public enum How {
        /** The lock's own memory names it. */
        WORD("word"),
        /** Lockdep lists the lock among those that the owner holds. */
        LOCKDEP("lockdep"),
        /** It follows from where the owner is. */
        INFERRED("inferred");

        private final String id;

        How(String id) {
            this.id = id;
        }

        public String id() {
            return id;
        }
    }

    /**
     * Who holds a lock.
     *
     * @param task the task in whose context the lock was taken
     * @param cpu the CPU that it runs on, or was interrupted on; empty for a task that does not run
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
     * @param because the reason, one clause
     */
    public record Owner(Optional<Task> task, OptionalInt cpu, Optional<String> context, How how, String because) {}

    /** A lock of which only its name is known, its address and its class. */
    public LockRef(String name, Optional<String> address, Optional<String> lockClass) {
        this(name, address, lockClass, OptionalLong.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Returns the same lock with its word. */
    public LockRef withValue(long word) {
        return new LockRef(name, address, lockClass, OptionalLong.of(word), heldAt, wantedAt, owner);
    }

    /** Returns the same lock with the function that took it. */
    public LockRef withHeldAt(String function) {
        return new LockRef(name, address, lockClass, value, Optional.of(function), wantedAt, owner);
    }

    /** Returns the same lock with the function that wants it. */
    public LockRef withWantedAt(String function) {
        return new LockRef(name, address, lockClass, value, heldAt, Optional.of(function), owner);
    }

    /** Returns the same lock with who holds it. */
    public LockRef withOwner(Owner holder) {
        return new LockRef(name, address, lockClass, value, heldAt, wantedAt, Optional.of(holder));
    }
}
