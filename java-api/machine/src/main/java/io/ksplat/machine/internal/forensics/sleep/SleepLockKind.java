// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.locks.Lock;
import io.ksplat.machine.internal.forensics.locks.Locks;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** The kinds of locks for which a task sleeps; each names its owner (kernel/locking/mutex.c, rwsem.c). */
enum SleepLockKind {
    /** A mutex with MUTEX_FLAG_PICKUP was handed to its owner, which has not taken it yet. */
    MUTEX(Role.MUTEX, "mutex", "mutex_waiter", 7, 4),
    /** The owner of one with RWSEM_READER_OWNED is its last reader, which may be gone while other readers hold it. */
    RW_SEMAPHORE(Role.RW_SEMAPHORE, "rw_semaphore", "rwsem_waiter", 3, 1);

    /** A longer list of waiters is a loop in corrupted memory. */
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

    /** Returns the kind of lock for which a task with these innermost frames sleeps; empty if it is no such lock. */
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

    /** Returns whether a function only waits for a lock that its caller names. */
    static boolean isWaiting(Frame frame) {
        return is(frame, Role.SCHEDULE)
                || is(frame, Role.SLEEP)
                || is(frame, Role.COMPLETION)
                || is(frame, Role.SEMAPHORE)
                || Arrays.stream(values()).anyMatch(kind -> is(frame, kind.role));
    }

    static boolean is(Frame frame, Role role) {
        return Arch.guest().functions().is(SymbolNames.base(frame), role);
    }

    /**
     * Returns the lock at an address if a task waits for it: the lock's list of waiters leads to an entry on the task's own stack
     * that names the task. At an arbitrary address there is no such list.
     *
     * @param stack the task's
     */
    Optional<Lock> wantedBy(long task, StackWords stack, long address, KernelData data) {
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

    /** RWSEM_WRITER_LOCKED: a writer sets the owner after it has taken the lock, and clears it before it releases the lock. */
    private boolean isWriteLocked(long address, KernelData data) {
        return this == MUTEX || data.field(address, type, "count").stream().anyMatch(count -> (count & 1) != 0);
    }

    private boolean isWanted(long task, StackWords stack, long address, KernelData data) {
        return queue(address, data).stream().anyMatch(waiter -> stack.contains(waiter.entry) && waiter.task == task);
    }

    /**
     * One that waits for a lock.
     *
     * @param entry its place in the queue, on its own stack
     * @param writes whether it wants an rw_semaphore for itself
     */
    record Waiter(long entry, long task, boolean writes) {}

    /** Returns who waits for the lock at an address, the first in its queue first; nobody if its list is none. */
    List<Waiter> queue(long address, KernelData data) {
        // Since 7.1 the lock points to the first of a circular list of waiters; before, the lock was part of the list.
        OptionalLong head = data.address(address, type, "wait_list");
        OptionalLong first = head.isPresent()
                ? data.field(address, type, "wait_list.next")
                : data.field(address, type, "first_waiter");
        long end = head.orElse(first.orElse(0));
        Set<Long> seen = new HashSet<>();
        List<Waiter> queue = new ArrayList<>();
        OptionalLong next = first;
        while (next.isPresent() && next.getAsLong() != 0 && seen.size() < MOST_WAITERS && seen.add(next.getAsLong())) {
            long entry = next.getAsLong();
            OptionalLong task = data.field(entry, waiter, "task");
            if (task.isEmpty()) {
                return List.of();
            }
            // RWSEM_WAITING_FOR_WRITE is 0 (kernel/locking/rwsem.c).
            boolean writes = data.field(entry, waiter, "type").stream().anyMatch(kind -> kind == 0);
            queue.add(new Waiter(entry, task.getAsLong(), writes));
            next = data.field(entry, waiter, "list.next");
            if (next.equals(OptionalLong.of(end))) {
                return queue;
            }
        }
        return List.of();
    }
}
