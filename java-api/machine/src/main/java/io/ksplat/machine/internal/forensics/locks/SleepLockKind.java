// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The kinds of locks that a task sleeps for, each of which names its owner (kernel/locking/mutex.c, rwsem.c). */
enum SleepLockKind {
    /** The owner of a mutex with MUTEX_FLAG_PICKUP has been offered it, and has yet to take it. */
    MUTEX(Role.MUTEX, "mutex", "mutex_waiter", 7, 4),
    /** The owner of one with RWSEM_READER_OWNED is the last of its readers, which may be gone: others may hold it. */
    RW_SEMAPHORE(Role.RW_SEMAPHORE, "rw_semaphore", "rwsem_waiter", 3, 1);

    /** More tasks wait for no lock; a list that is longer is a ring that the guest has bent. */
    private static final int MOST_WAITERS = 4096;

    private final Role role;
    private final String type;
    private final String waiter;
    private final long flags;
    private final long noOwner;

    SleepLockKind(Role role, String type, String waiter, long flags, long noOwner) {
        this.role = role;
        this.type = type;
        this.waiter = waiter;
        this.flags = flags;
        this.noOwner = noOwner;
    }

    /** What a task sleeps for whose innermost frames are these; empty where that is no such lock. */
    static Optional<SleepLockKind> in(List<StackWalk.Step> steps) {
        for (StackWalk.Step step : steps) {
            if (!step.frame().certain() || !isWaiting(step.frame())) {
                return Optional.empty();
            }
            for (SleepLockKind kind : values()) {
                if (is(step.frame(), kind.role)) {
                    return Optional.of(kind);
                }
            }
        }
        return Optional.empty();
    }

    /** Whether a function does nothing but wait for a lock that its caller names. */
    static boolean isWaiting(Frame frame) {
        return is(frame, Role.SCHEDULE) || Arrays.stream(values()).anyMatch(kind -> is(frame, kind.role));
    }

    private static boolean is(Frame frame, Role role) {
        return Arch.guest().functions().is(SymbolNames.base(frame), role);
    }

    /**
     * The lock at an address, if a task waits for it: the lock's list of waiters leads to the entry that a task has on its own stack,
     * and that bears its name. What lies at a chance address leads to none.
     *
     * @param stack where the task's own stack begins that is in use, and where it ends
     */
    Optional<Lock> wantedBy(long task, StackRange stack, long address, KernelData data) {
        OptionalLong word = data.field(address, type, "owner");
        if (word.isEmpty() || (address & 7) != 0 || stack.contains(address) || !isWanted(task, stack, address, data)) {
            return Optional.empty();
        }
        OptionalLong map = data.address(address, type, "dep_map");
        long owner = word.getAsLong() & ~flags;
        boolean owned = owner != 0 && (word.getAsLong() & noOwner) == 0 && isWriteLocked(address, data);
        LockRef ref = new LockRef(
                new Locks(data).name(address, map).orElse(type + " 0x" + Long.toHexString(address)),
                Optional.of(Long.toHexString(address)),
                Optional.empty());
        return Optional.of(new Lock(
                address,
                ref,
                word.getAsLong(),
                map,
                owned ? OptionalLong.of(owner) : OptionalLong.empty(),
                OptionalInt.empty()));
    }

    /** A stretch of memory. */
    record StackRange(long start, long end) {
        boolean contains(long address) {
            return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
        }
    }

    /** RWSEM_WRITER_LOCKED: a writer writes its name after it has taken the lock, and deletes it before it gives it back. */
    private boolean isWriteLocked(long address, KernelData data) {
        return this == MUTEX || data.field(address, type, "count").stream().anyMatch(count -> (count & 1) != 0);
    }

    private boolean isWanted(long task, StackRange stack, long address, KernelData data) {
        // Since 7.1 the lock points at the first of a ring of them; before, it was one of the ring.
        OptionalLong head = data.address(address, type, "wait_list");
        OptionalLong first = head.isPresent()
                ? data.field(address, type, "wait_list.next")
                : data.field(address, type, "first_waiter");
        long end = head.orElse(first.orElse(0));
        Set<Long> seen = new HashSet<>();
        boolean found = false;
        OptionalLong next = first;
        while (next.isPresent() && next.getAsLong() != 0 && seen.size() < MOST_WAITERS && seen.add(next.getAsLong())) {
            long entry = next.getAsLong();
            found |= stack.contains(entry) && data.field(entry, waiter, "task").equals(OptionalLong.of(task));
            next = data.field(entry, waiter, "list.next");
            if (next.equals(OptionalLong.of(end))) {
                return found;
            }
        }
        return false;
    }
}
