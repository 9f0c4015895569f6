// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Tasks that sleep for locks. Starting from given tasks, follows who holds the lock that each wants, for what that task sleeps, and
 * so on, until a cycle closes.
 */
public final class BlockedTasks {
    /** The words of a stack to search, from where the task left the CPU: the frames of the functions that wait. */
    private static final int MOST_WORDS = 192;

    private final KernelData data;
    private final Tasks tasks;
    private final HeldLocks held;
    private final Unwinder unwinder;
    private final GuestMemory memory;
    private final Map<Long, BlockedTask> found = new LinkedHashMap<>();
    private final List<CycleNode> cycle = new ArrayList<>();

    /**
     * A task that is on no CPU.
     *
     * @param wanted the lock for which it sleeps; empty if it sleeps for something else, or that is not known
     * @param taker the index of the step of the function that wants the lock
     */
    public record BlockedTask(long task, List<StackWalk.Step> steps, Optional<Lock> wanted, int taker) {}

    public BlockedTasks(KernelData data, Unwinder unwinder, GuestMemory memory, List<Task> asked) {
        this.data = data;
        this.tasks = new Tasks(data);
        this.held = new HeldLocks(data);
        this.unwinder = unwinder;
        this.memory = memory;
        asked.stream().flatMapToLong(task -> tasks.withPid(task.pid()).stream()).forEach(this::follow);
    }

    private void follow(long first) {
        List<BlockedTask> path = new ArrayList<>();
        OptionalLong next = OptionalLong.of(first);
        while (next.isPresent() && tasks.runsOn(next.getAsLong()).isEmpty()) {
            long task = next.getAsLong();
            if (path.stream().anyMatch(before -> before.task == task)) {
                if (cycle.isEmpty()) {
                    cycle.addAll(nodes(path.stream()
                            .dropWhile(before -> before.task != task)
                            .toList()));
                }
                return;
            }
            Optional<BlockedTask> blocked = Optional.ofNullable(found.get(task)).or(() -> read(task));
            if (blocked.isEmpty()) {
                return;
            }
            path.add(blocked.get());
            found.putIfAbsent(task, blocked.get());
            next = blocked.get().wanted.map(Lock::owner).orElse(OptionalLong.empty());
        }
    }

    /** Makes the nodes of a cycle: each task holds the lock that the one before it wants. */
    private static List<CycleNode> nodes(List<BlockedTask> ring) {
        List<CycleNode> nodes = new ArrayList<>();
        for (int i = 0; i < ring.size(); i++) {
            BlockedTask before = ring.get((i + ring.size() - 1) % ring.size());
            nodes.add(new CycleNode("task", OptionalInt.empty(), lockName(before), lockName(ring.get(i))));
        }
        return nodes;
    }

    private static String lockName(BlockedTask blocked) {
        return blocked.wanted.map(lock -> lock.ref().name()).orElseThrow();
    }

    private Optional<BlockedTask> read(long task) {
        OptionalLong sp = data.field(task, "task_struct", Arch.guest().savedStackPointer());
        if (sp.isEmpty()) {
            return Optional.empty();
        }
        List<StackWalk.Step> steps = unwinder.asleep(sp.getAsLong(), memory);
        int taker = 0;
        while (taker < steps.size() - 1
                && SleepLockKind.isWaiting(steps.get(taker).frame())) {
            taker++;
        }
        Optional<Lock> wanted = SleepLockKind.in(steps).flatMap(kind -> wanted(kind, task, sp.getAsLong()));
        return steps.isEmpty() ? Optional.empty() : Optional.of(new BlockedTask(task, steps, wanted, taker));
    }

    /** Searches the stack: the functions that wait have the lock's address in a register, or have saved it there. */
    private Optional<Lock> wanted(SleepLockKind kind, long task, long sp) {
        var stack = new SleepLockKind.StackRange(sp, (sp | Arch.guest().stackBytes() - 1) + 1);
        for (long at = sp; at < sp + MOST_WORDS * (long) Long.BYTES && stack.contains(at); at += Long.BYTES) {
            OptionalLong word = data.word(at);
            if (word.isPresent() && word.getAsLong() < 0) {
                Optional<Lock> lock = kind.wantedBy(task, stack, word.getAsLong(), data);
                if (lock.isPresent()) {
                    return lock;
                }
            }
        }
        return Optional.empty();
    }

    /** Returns the tasks, the given ones first, each before the one that holds the lock that it wants. */
    public List<BlockedTask> all() {
        return List.copyOf(found.values());
    }

    public List<LockRef> locks() {
        return found.values().stream()
                .flatMap(blocked -> blocked.wanted.stream())
                .map(Lock::ref)
                .distinct()
                .toList();
    }

    public List<CycleNode> cycle() {
        return List.copyOf(cycle);
    }

    public Optional<Task> named(BlockedTask blocked) {
        return tasks.named(blocked.task);
    }

    public Details.Waits details() {
        List<Details.Wait> waits = new ArrayList<>();
        Set<HeldLocks.Awaited> awaited = new HashSet<>();
        for (BlockedTask blocked : found.values()) {
            blocked.wanted
                    .flatMap(lock -> HeldLocks.Awaited.of(blocked.task, lock))
                    .ifPresent(awaited::add);
            blocked.wanted.ifPresent(lock -> waits.add(new Details.Wait(
                    OptionalInt.empty(),
                    named(blocked),
                    "task",
                    lock.ref(),
                    lock.word(),
                    OptionalInt.empty(),
                    owner(lock))));
        }
        return new Details.Waits(waits, held.ofAll(awaited));
    }

    private Optional<Details.Owner> owner(Lock lock) {
        return lock.owner().isEmpty()
                ? Optional.empty()
                : Optional.of(new Details.Owner(
                        "task",
                        tasks.runsOn(lock.owner().getAsLong()),
                        tasks.named(lock.owner().getAsLong()),
                        "the lock names its owner",
                        false));
    }
}
