// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A lock that a report names.
 *
 * @param name the name in the report ({@code &rdp->nocb_lock}), or the symbol at the address
 * @param address in hexadecimal without {@code 0x}, as printed; may be hashed ({@code %p})
 * @param lockClass lockdep's class in a lockdep report; unlike the name, it is the same on every boot
 * @param value the lock's memory: the 32 bits of a spin lock; the 64-bit owner of a mutex or rw_semaphore, with its flags
 * @param heldAt the function that took the lock and has not released it
 * @param wantedAt the function that waits for the lock or is about to take it
 */
public record LockRef(
        String name,
        Optional<String> address,
        Optional<String> lockClass,
        OptionalLong value,
        Optional<String> heldAt,
        Optional<String> wantedAt,
        Optional<Owner> owner) {

    /** How an owner is known. {@link #id()} is the name in {@code results.json}. */
    public enum How {
        /** The lock's memory names the owner. */
        WORD("word"),
        /** Lockdep lists the lock among the owner's held locks. */
        LOCKDEP("lockdep"),
        /** Inferred from the owner's position. */
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
     * The owner of a lock.
     *
     * @param task the task of the context that took the lock
     * @param cpu the CPU that it runs on or was interrupted on; empty for a task that does not run
     * @param context {@code task}, {@code softirq}, {@code hardirq}, {@code NMI}
     * @param because how the owner is known, as one clause
     */
    public record Owner(Optional<Task> task, OptionalInt cpu, Optional<String> context, How how, String because) {}

    /** Creates a lock of which only name, address and class are known. */
    public LockRef(String name, Optional<String> address, Optional<String> lockClass) {
        this(name, address, lockClass, OptionalLong.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Returns this lock with the value of its memory. */
    public LockRef withValue(long word) {
        return new LockRef(name, address, lockClass, OptionalLong.of(word), heldAt, wantedAt, owner);
    }

    /** Returns this lock with the function that took it. */
    public LockRef withHeldAt(String function) {
        return new LockRef(name, address, lockClass, value, Optional.of(function), wantedAt, owner);
    }

    /** Returns this lock with the function that wants it. */
    public LockRef withWantedAt(String function) {
        return new LockRef(name, address, lockClass, value, heldAt, Optional.of(function), owner);
    }

    /** Returns this lock with its owner. */
    public LockRef withOwner(Owner holder) {
        return new LockRef(name, address, lockClass, value, heldAt, wantedAt, Optional.of(holder));
    }
}
