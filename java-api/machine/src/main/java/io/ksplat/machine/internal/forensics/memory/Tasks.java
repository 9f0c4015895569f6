// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.evidence.Task;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** Reads a stopped kernel's tasks. Its lists may be inconsistent: the machine was stopped at any instruction, and is not trusted. */
public final class Tasks {
    /** The limit of a list: a longer one is a loop in corrupted memory. */
    private static final int MOST = 4096;

    private final KernelData data;

    /** The steps that are left for all lists together: those that lead into each other are as long as the product of their lengths. */
    private int steps;

    public Tasks(KernelData data) {
        this.data = data;
    }

    /** Returns every thread of every process. Those that run come first, and are found even if the lists are corrupted. */
    public Set<Long> all() {
        Set<Long> found = new LinkedHashSet<>();
        steps = 4 * MOST;
        for (int cpu = 0; cpu < data.cpus(); cpu++) {
            data.currentTask(cpu).ifPresent(found::add);
        }
        OptionalLong first = data.symbols().address("init_task");
        OptionalLong link = data.address(0, "task_struct", "tasks");
        if (first.isEmpty() || link.isEmpty()) {
            return found;
        }
        for (long process : ring(first.getAsLong() + link.getAsLong(), link.getAsLong())) {
            found.add(process);
            found.addAll(threads(process));
        }
        return found;
    }

    private Set<Long> threads(long process) {
        OptionalLong signals = data.field(process, "task_struct", "signal");
        OptionalLong head =
                signals.isPresent() ? data.address(signals.getAsLong(), "signal_struct", "thread_head") : signals;
        OptionalLong link = data.address(0, "task_struct", "thread_node");
        return head.isPresent() && link.isPresent() ? ring(head.getAsLong(), link.getAsLong()) : Set.of();
    }

    /** Returns the elements of a list (include/linux/list.h), without its head. */
    private Set<Long> ring(long head, long link) {
        Set<Long> found = new LinkedHashSet<>();
        Set<Long> seen = new HashSet<>(Set.of(head));
        OptionalLong next = data.word(head);
        while (next.isPresent() && seen.size() < MOST && steps-- > 0 && seen.add(next.getAsLong())) {
            found.add(next.getAsLong() - link);
            next = data.word(next.getAsLong());
        }
        return found;
    }

    /** Returns the thread with an id; empty if there is none. */
    public OptionalLong withPid(int pid) {
        return all().stream()
                .filter(task -> data.field(task, "task_struct", "pid").equals(OptionalLong.of(pid)))
                .mapToLong(Long::longValue)
                .findFirst();
    }

    /** Returns a task's name and process id; empty if they cannot be read. */
    public Optional<Task> named(long task) {
        OptionalLong pid = data.field(task, "task_struct", "pid");
        OptionalLong comm = data.address(task, "task_struct", "comm");
        return comm.isPresent() && pid.isPresent()
                ? data.text(comm.getAsLong()).map(name -> new Task(name, (int) pid.getAsLong()))
                : Optional.empty();
    }

    /** Returns the CPU that runs a task. */
    public OptionalInt runsOn(long task) {
        for (int cpu = 0; cpu < data.cpus(); cpu++) {
            if (data.currentTask(cpu).equals(OptionalLong.of(task))) {
                return OptionalInt.of(cpu);
            }
        }
        return OptionalInt.empty();
    }
}
