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
 * Tasks that sleep for locks, from those that were asked about on: who holds what each of them wants, what that one sleeps for, and so
 * on, and the cycle where the way leads back.
 */
public final class BlockedTasks {
    /** Words of a stack, from where the task left the CPU: those of the functions that wait, and of what they saved. */
    private static final int MOST_WORDS = 192;

    private final KernelData data;
    private final Tasks tasks;
    private final HeldLocks held;
    private final Unwinder unwinder;
    private final GuestMemory memory;
    private final Map<Long, Sleeper> sleepers = new LinkedHashMap<>();
    private final List<CycleNode> cycle = new ArrayList<>();

    /**
     * One task, off its CPU.
     *
     * @param wanted the lock that it sleeps for; empty where it sleeps for something else, or that cannot be told
     * @param taker which of the steps is the function that wants it
     */
    public record Sleeper(long task, List<StackWalk.Step> steps, Optional<Lock> wanted, int taker) {}

    public BlockedTasks(KernelData data, Unwinder unwinder, GuestMemory memory, List<Task> asked) {
        this.data = data;
        this.tasks = new Tasks(data);
        this.held = new HeldLocks(data);
        this.unwinder = unwinder;
        this.memory = memory;
        asked.stream().flatMapToLong(task -> tasks.withPid(task.pid()).stream()).forEach(this::follow);
    }

    private void follow(long first) {
        List<Sleeper> way = new ArrayList<>();
        OptionalLong next = OptionalLong.of(first);
        while (next.isPresent() && tasks.runsOn(next.getAsLong()).isEmpty()) {
            long task = next.getAsLong();
            if (way.stream().anyMatch(before -> before.task == task)) {
                if (cycle.isEmpty()) {
                    cycle.addAll(nodes(way.stream()
                            .dropWhile(before -> before.task != task)
                            .toList()));
                }
                return;
            }
            Optional<Sleeper> found = Optional.ofNullable(sleepers.get(task)).or(() -> sleeper(task));
            if (found.isEmpty()) {
                return;
            }
            way.add(found.get());
            sleepers.putIfAbsent(task, found.get());
            next = found.get().wanted.map(Lock::owner).orElse(OptionalLong.empty());
        }
    }

    /** Each holds what the one before it wants. */
    private static List<CycleNode> nodes(List<Sleeper> ring) {
        List<CycleNode> nodes = new ArrayList<>();
        for (int i = 0; i < ring.size(); i++) {
            Sleeper before = ring.get((i + ring.size() - 1) % ring.size());
            nodes.add(new CycleNode("task", OptionalInt.empty(), lockName(before), lockName(ring.get(i))));
        }
        return nodes;
    }

    private static String lockName(Sleeper sleeper) {
        return sleeper.wanted.map(lock -> lock.ref().name()).orElseThrow();
    }

    private Optional<Sleeper> sleeper(long task) {
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
        return steps.isEmpty() ? Optional.empty() : Optional.of(new Sleeper(task, steps, wanted, taker));
    }

    /** The functions that wait have the lock's address in a register, or have saved it. */
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

    /** Those that were asked about first, each before the one that holds what it wants. */
    public List<Sleeper> all() {
        return List.copyOf(sleepers.values());
    }

    public List<LockRef> locks() {
        return sleepers.values().stream()
                .flatMap(sleeper -> sleeper.wanted.stream())
                .map(Lock::ref)
                .distinct()
                .toList();
    }

    public List<CycleNode> cycle() {
        return List.copyOf(cycle);
    }

    public Optional<Task> named(Sleeper sleeper) {
        return tasks.named(sleeper.task);
    }

    public Details.Waits details() {
        List<Details.Wait> waits = new ArrayList<>();
        Set<HeldLocks.Awaited> awaited = new HashSet<>();
        for (Sleeper sleeper : sleepers.values()) {
            sleeper.wanted
                    .flatMap(lock -> HeldLocks.Awaited.of(sleeper.task, lock))
                    .ifPresent(awaited::add);
            sleeper.wanted.ifPresent(lock -> waits.add(new Details.Wait(
                    OptionalInt.empty(),
                    named(sleeper),
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
