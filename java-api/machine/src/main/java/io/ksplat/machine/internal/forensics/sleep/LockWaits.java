// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.evidence.internal.sleep.WaitGraph.Strength;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.locks.HeldLocks;
import io.ksplat.machine.internal.forensics.locks.Lock;
import io.ksplat.machine.internal.forensics.locks.Locks;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongFunction;

/** Reads for which lock a task sleeps, and who holds it. */
final class LockWaits {
    /** BLOCKER_TYPE_MASK and BLOCKER_TYPE_RWSEM_READER (include/linux/hung_task.h). */
    private static final long BLOCKER_TYPES = 3;

    private static final long RWSEM_READER = 2;

    /** RWSEM_READER_SHIFT, and above it the flag for an overflow (kernel/locking/rwsem.c). */
    private static final int READERS_SHIFT = 8;

    private static final long READERS = (1L << 55) - 1;

    /** RWSEM_READER_OWNED, and all flags of the owner. */
    private static final long READER_OWNED = 1;

    private static final long OWNER_FLAGS = 3;

    /** A lock lies at most so far behind the start of its object, which a function that holds the lock has a pointer to. */
    private static final long OBJECT = 4096;

    /** What iterates over objects under a lock that it took in an earlier call (kernel/bpf/bpf_iter.c, fs/seq_file.c). */
    private static final Set<String> ITERATORS = Set.of("bpf_iter_run_prog", "bpf_seq_read", "seq_read_iter");

    /** The outermost kernel function of a fault in user code, which holds no lock before it (arch/x86/entry/entry_64.S). */
    private static final String FAULT = "asm_exc_page_fault";

    private final KernelData data;
    private final Everybody everybody;
    private final HeldLocks held;
    private final LongFunction<List<StackWalk.Step>> unwind;

    /** @param unwind returns the steps of a task that is on no CPU */
    LockWaits(KernelData data, Everybody everybody, LongFunction<List<StackWalk.Step>> unwind) {
        this.data = data;
        this.everybody = everybody;
        this.held = new HeldLocks(data);
        this.unwind = unwind;
    }

    /** Returns the mutex or rw_semaphore for which a task sleeps. */
    Optional<Wait> mutexOrRwsem(long task, List<StackWalk.Step> steps, StackWords stack) {
        Optional<SleepLockKind> kind = SleepLockKind.in(steps);
        if (kind.isEmpty()) {
            return Optional.empty();
        }
        // The functions that wait have the lock's address in a register, or have saved it there.
        return stack.innermost().stream()
                .filter(word -> word.value() < 0)
                .flatMap(word -> kind.get().wantedBy(task, stack, word.value(), data).stream())
                .findFirst()
                .map(lock -> new Wait(lock.ref(), lock.word(), lock.map(), holders(task, kind.get(), lock), false));
    }

    private List<Wait.Holder> holders(long task, SleepLockKind kind, Lock lock) {
        if (lock.owner().isPresent()) {
            return List.of(new Wait.Holder(lock.owner().getAsLong(), Strength.CERTAIN, "the lock names its owner"));
        }
        return kind == SleepLockKind.RW_SEMAPHORE ? readers(task, lock) : List.of();
    }

    /** Readers hold it: who comes after a writer waits for the writer, and the writer for the readers. */
    private List<Wait.Holder> readers(long task, Lock lock) {
        long count = data.field(lock.address(), "rw_semaphore", "count").orElse(1);
        long readers = (count >>> READERS_SHIFT) & READERS;
        List<SleepLockKind.Waiter> queue = SleepLockKind.RW_SEMAPHORE.queue(lock.address(), data);
        if ((count & 1) != 0 || readers == 0 || queue.isEmpty()) {
            return List.of();
        }
        SleepLockKind.Waiter first = queue.get(0);
        if (first.task() != task) {
            return first.writes()
                    ? List.of(new Wait.Holder(
                            first.task(), Strength.CERTAIN, "it waits for the same lock as a writer, and came first"))
                    : List.of();
        }
        List<Wait.Holder> known = byLockdep(lock);
        return known.isEmpty() && readers == 1 ? onlyReader(lock, queue) : known;
    }

    private List<Wait.Holder> byLockdep(Lock lock) {
        List<Wait.Holder> holders = new ArrayList<>();
        Set<Long> waiters = waiters(lock);
        for (long task : HeldLocks.areKept(data.btf()) ? everybody.ids() : Set.<Long>of()) {
            long times = held.of(task).stream()
                    .filter(entry -> lock.map().equals(OptionalLong.of(entry.lock())))
                    .count();
            // Lockdep lists a lock before the task gets it.
            if (times > (waiters.contains(task) ? 1 : 0)) {
                holders.add(new Wait.Holder(
                        task, Strength.CERTAIN, "lockdep lists it among the locks that the task holds"));
            }
        }
        return holders;
    }

    private Set<Long> waiters(Lock lock) {
        return Set.copyOf(SleepLockKind.RW_SEMAPHORE.queue(lock.address(), data).stream()
                .map(SleepLockKind.Waiter::task)
                .distinct()
                .toList());
    }

    /** One reader holds the lock. Which one, is certain if its word is kept up to date, or if no other task can be it. */
    private List<Wait.Holder> onlyReader(Lock lock, List<SleepLockKind.Waiter> queue) {
        long owner = lock.word() & ~OWNER_FLAGS;
        boolean named =
                (lock.word() & READER_OWNED) != 0 && everybody.get(owner).isPresent();
        List<Long> behind = queue.stream()
                .filter(waiter -> !waiter.writes())
                .map(SleepLockKind.Waiter::task)
                .filter(this::mayHoldALock)
                .toList();
        if (named && behind.contains(owner) && clearsItsName(owner, lock.address())) {
            return List.of(new Wait.Holder(
                    owner,
                    Strength.CERTAIN,
                    "the lock names its last reader, which clears its" + " name when it leaves"));
        }
        if (!behind.isEmpty() && nobodyElseHolds(lock)) {
            long reader = named && behind.contains(owner) ? owner : behind.get(0);
            return List.of(new Wait.Holder(
                    reader, Strength.CERTAIN, "one reader holds the lock, and only tasks that wait for it can be it"));
        }
        return named ? List.of(new Wait.Holder(owner, Strength.LIKELY, "the lock names its last reader")) : List.of();
    }

    /** Since 6.17 a reader clears its name in the lock if the kernel also keeps in the task for which rw_semaphore it waits. */
    private boolean clearsItsName(long reader, long lock) {
        return data.field(reader, "task_struct", "blocker").stream()
                .anyMatch(blocker -> (blocker & ~BLOCKER_TYPES) == lock && (blocker & BLOCKER_TYPES) == RWSEM_READER);
    }

    private boolean mayHoldALock(long task) {
        List<StackWalk.Step> steps = unwind.apply(task);
        return !steps.isEmpty()
                && !SymbolNames.base(steps.get(steps.size() - 1).frame()).equals(FAULT);
    }

    /** Nobody who does not wait for the lock has a pointer to it or into its object on the stack, or iterates under a lock. */
    private boolean nobodyElseHolds(Lock lock) {
        Set<Long> waiters = waiters(lock);
        long object = object(lock);
        for (long id : everybody.ids()) {
            SeenTask task = everybody.get(id).orElseThrow();
            // The idle tasks of the CPUs, which all have the process id 0, take no locks.
            if (waiters.contains(id) || task.task().pid() == 0) {
                continue;
            }
            if (mayHold(task, lock, object)) {
                return false;
            }
        }
        return true;
    }

    /** Where the object of a lock begins, at the earliest. That of a process's memory is known, and others of its kind lie before it. */
    private long object(Lock lock) {
        for (long task : everybody.ids()) {
            long memory = data.field(task, "task_struct", "mm").orElse(0);
            if (memory != 0 && data.address(memory, "mm_struct", "mmap_lock").equals(OptionalLong.of(lock.address()))) {
                return memory;
            }
        }
        return lock.address() - OBJECT;
    }

    private boolean mayHold(SeenTask task, Lock lock, long object) {
        if (!task.onCpu() && sleepsUnlocked(task.id())) {
            return false;
        }
        List<StackWords.Word> words = task.onCpu() ? whole(task.id()).all() : beforeItSleeps(task.id());
        return words.isEmpty() || words.stream().anyMatch(word -> leadsTo(word.value(), object, lock.address()));
    }

    /** Returns the words without those of the scheduler's own frames, where what it switches from and to is left. */
    private List<StackWords.Word> beforeItSleeps(long task) {
        List<StackWords.Word> words = StackWords.of(task, data).all();
        Optional<StackWalk.Step> caller = caller(task);
        for (int i = 0; caller.isPresent() && i < words.size(); i++) {
            // The return address is that of the next instruction.
            if (words.get(i).value() - 1 == caller.get().code()) {
                return words.subList(i, words.size());
            }
        }
        return words;
    }

    /** What is on its stack it has left there before, or uses for something else. */
    private boolean sleepsUnlocked(long task) {
        return caller(task)
                .filter(step -> SleepLockKind.is(step.frame(), Role.UNLOCKED))
                .isPresent();
    }

    /** Returns where a task calls what only sleeps; empty if that is not certain. */
    private Optional<StackWalk.Step> caller(long task) {
        for (StackWalk.Step step : unwind.apply(task)) {
            if (!step.frame().certain()) {
                return Optional.empty();
            }
            if (!SleepLockKind.is(step.frame(), Role.SCHEDULE) && !SleepLockKind.is(step.frame(), Role.SLEEP)) {
                return Optional.of(step);
            }
        }
        return Optional.empty();
    }

    private StackWords whole(long task) {
        long start = data.field(task, "task_struct", "stack").orElse(0);
        return new StackWords(start, start + Arch.guest().stackBytes(), data);
    }

    private boolean leadsTo(long word, long object, long lock) {
        return (word >= object && word <= lock + Long.BYTES)
                || data.symbols()
                        .at(word)
                        .map(Symbol::name)
                        .filter(ITERATORS::contains)
                        .isPresent();
    }

    /** Returns the rt_mutex for which a task sleeps (struct rt_mutex_waiter, kernel/locking/rtmutex_common.h). */
    Optional<Wait> rtMutex(long task) {
        OptionalLong waiter = data.field(task, "task_struct", "pi_blocked_on");
        if (waiter.isEmpty() || waiter.getAsLong() == 0) {
            return Optional.empty();
        }
        OptionalLong lock = data.field(waiter.getAsLong(), "rt_mutex_waiter", "lock");
        OptionalLong word = lock.isPresent() ? data.field(lock.getAsLong(), "rt_mutex_base", "owner") : lock;
        if (lock.isEmpty() || lock.getAsLong() == 0 || word.isEmpty()) {
            return Optional.empty();
        }
        // RT_MUTEX_HAS_WAITERS is 1.
        long owner = word.getAsLong() & ~1;
        return Optional.of(new Wait(
                ref("rt_mutex", lock.getAsLong()),
                word.getAsLong(),
                OptionalLong.empty(),
                owner == 0 ? List.of() : List.of(new Wait.Holder(owner, Strength.CERTAIN, "the lock names its owner")),
                false));
    }

    /** Returns the semaphore for which a task sleeps. It has no owner; the last one that took it may have passed it on. */
    Optional<Wait> semaphore(long task, StackWords stack) {
        for (StackWords.Word word : stack.innermost()) {
            if (word.value() >= 0 || !isQueued(task, stack, word.value())) {
                continue;
            }
            long last = data.field(word.value(), "semaphore", "last_holder").orElse(0);
            return Optional.of(new Wait(
                    ref("semaphore", word.value()),
                    data.field(word.value(), "semaphore", "count").orElse(0),
                    OptionalLong.empty(),
                    everybody.get(last).isPresent()
                            ? List.of(new Wait.Holder(last, Strength.LIKELY, "it was the last to take the semaphore"))
                            : List.of(),
                    false));
        }
        return Optional.empty();
    }

    private boolean isQueued(long task, StackWords stack, long semaphore) {
        if ((semaphore & 7) != 0 || stack.contains(semaphore)) {
            return false;
        }
        // Since 7.1 it points to the first waiter; before, its list was part of it.
        OptionalLong first = data.field(semaphore, "semaphore", "wait_list.next");
        OptionalLong entry = first.isPresent() ? first : data.field(semaphore, "semaphore", "first_waiter");
        for (int i = 0; entry.isPresent() && entry.getAsLong() < 0 && i < OBJECT; i++) {
            if (stack.contains(entry.getAsLong())
                    && data.field(entry.getAsLong(), "semaphore_waiter", "task").equals(OptionalLong.of(task))) {
                return true;
            }
            OptionalLong next = data.word(entry.getAsLong());
            if (next.equals(first)) {
                return false;
            }
            entry = next;
        }
        return false;
    }

    /** Names something by its symbol, else by its type and address. */
    LockRef ref(String type, long address) {
        return new LockRef(
                new Locks(data).name(address, OptionalLong.empty()).orElse(type + " 0x" + Long.toHexString(address)),
                Optional.of(Long.toHexString(address)),
                Optional.empty());
    }
}
