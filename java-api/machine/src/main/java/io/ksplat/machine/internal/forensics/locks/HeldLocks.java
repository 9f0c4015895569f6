// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.bpf.internal.libbpf.KernelBtf;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads the locks that tasks hold from lockdep (struct held_lock, include/linux/lockdep_types.h): each task's locks in the order in
 * which they were taken, including those of interrupts on top of it. Lockdep stops tracking at its first report; its state is of that
 * moment then.
 */
public final class HeldLocks {
    /** MAX_LOCK_DEPTH. */
    private static final int MOST = 48;

    private final KernelData data;
    private final Tasks tasks;

    public HeldLocks(KernelData data) {
        this.data = data;
        this.tasks = new Tasks(data);
    }

    /** A lock that a task holds. */
    public record Entry(long lock, LockRef ref, Optional<String> takenIn, int context) {}

    /** Returns whether this kernel has lockdep. */
    public static boolean areKept(KernelBtf btf) {
        return btf.hasMember("task_struct", "held_locks") && btf.hasType("held_lock");
    }

    /** Returns the locks of a task, the first taken first; empty also if this kernel has no lockdep. */
    public List<Entry> of(long task) {
        OptionalLong depth = data.field(task, "task_struct", "lockdep_depth");
        OptionalLong first = data.address(task, "task_struct", "held_locks");
        if (depth.isEmpty() || first.isEmpty() || !areKept(data.btf())) {
            return List.of();
        }
        int size = data.btf().sizeOf("held_lock");
        List<Entry> held = new ArrayList<>();
        for (int i = 0; i < Math.min((int) depth.getAsLong(), MOST); i++) {
            long entry = first.getAsLong() + (long) i * size;
            OptionalLong map = data.field(entry, "held_lock", "instance");
            if (map.isPresent() && map.getAsLong() != 0) {
                held.add(new Entry(
                        map.getAsLong(),
                        new LockRef(name(map.getAsLong()), Optional.empty(), Optional.empty()),
                        takenIn(entry),
                        (int) data.field(entry, "held_lock", "irq_context").orElse(0)));
            }
        }
        return held;
    }

    /** A lock for which a task waits while another task owns it: lockdep records it before the task gets it. */
    public record Awaited(long task, long map) {
        public static Optional<Awaited> of(long task, Lock lock) {
            boolean others = lock.owner().isPresent() && lock.owner().getAsLong() != task;
            return others && lock.map().isPresent()
                    ? Optional.of(new Awaited(task, lock.map().getAsLong()))
                    : Optional.empty();
        }
    }

    /** Returns every task that holds a lock; none if this kernel has no lockdep. */
    public List<Details.Holding> ofAll(Set<Awaited> awaited) {
        List<Details.Holding> all = new ArrayList<>();
        for (long task : areKept(data.btf()) ? tasks.all() : Set.<Long>of()) {
            List<Entry> held = of(task).stream()
                    .filter(entry -> !awaited.contains(new Awaited(task, entry.lock)))
                    .toList();
            if (!held.isEmpty()) {
                tasks.named(task)
                        .ifPresent(who -> all.add(new Details.Holding(
                                who,
                                held.stream()
                                        .map(entry -> new HeldLock(entry.ref, "", Optional.empty(), entry.takenIn))
                                        .toList())));
            }
        }
        return all;
    }

    private String name(long map) {
        OptionalLong text = data.field(map, "lockdep_map", "name");
        return (text.isPresent() ? data.text(text.getAsLong()) : Optional.<String>empty())
                .orElse("0x" + Long.toHexString(map));
    }

    private Optional<String> takenIn(long entry) {
        OptionalLong caller = data.field(entry, "held_lock", "acquire_ip");
        return caller.isPresent() ? data.symbols().at(caller.getAsLong()).map(Symbol::name) : Optional.empty();
    }
}
