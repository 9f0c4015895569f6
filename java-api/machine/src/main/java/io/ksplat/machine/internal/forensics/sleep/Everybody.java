// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.sleep.SeenTask;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Every task of a stopped machine. */
final class Everybody {
    /** PF_WQ_WORKER (include/linux/sched.h). */
    private static final long WORKER = 0x20;

    private final Map<Long, SeenTask> tasks = new LinkedHashMap<>();
    private final boolean complete;
    private final Map<Integer, Long> stuck;

    /** @param stuck the tasks on CPUs that are stuck, by CPU */
    Everybody(TaskTable table, Map<Integer, Long> stuck) {
        table.tasks().forEach(task -> tasks.put(task.id(), task));
        this.complete = table.isComplete();
        this.stuck = Map.copyOf(stuck);
    }

    Optional<SeenTask> get(long id) {
        return Optional.ofNullable(tasks.get(id));
    }

    Set<Long> ids() {
        return tasks.keySet();
    }

    /** Returns those that are on no CPU. */
    List<SeenTask> offCpu() {
        return tasks.values().stream().filter(task -> !task.onCpu()).toList();
    }

    List<SeenTask> workers() {
        return tasks.values().stream()
                .filter(task -> (task.flags() & WORKER) != 0)
                .toList();
    }

    /** Returns whether an address was a task's, and is no more. */
    boolean hasExited(long id) {
        return complete && !tasks.containsKey(id);
    }

    boolean isStuck(long id) {
        return stuck.containsValue(id);
    }

    Set<Long> stuck() {
        return Set.copyOf(stuck.values());
    }

    /** Returns the task on a stuck CPU. */
    OptionalLong stuckOn(int cpu) {
        return stuck.containsKey(cpu) ? OptionalLong.of(stuck.get(cpu)) : OptionalLong.empty();
    }

    Optional<Task> named(long id) {
        return get(id).map(SeenTask::task);
    }
}
