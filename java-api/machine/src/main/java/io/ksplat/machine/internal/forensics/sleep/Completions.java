// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.evidence.internal.sleep.WaitGraph.Strength;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** Reads who completes what a task waits for: a child, a worker of a queue that is flushed, the readers of a grace period. */
final class Completions {
    /**
     * The bits of work_struct.data under the address of its pool_workqueue (WORK_STRUCT_PWQ_SHIFT, include/linux/workqueue.h), and
     * those of a kernel with CONFIG_DEBUG_OBJECTS_WORK, which has the symbol.
     */
    private static final long WORK_FLAGS = 0xff;

    private static final long DEBUGGED_WORK_FLAGS = 0x1ff;
    private static final String DEBUGS_WORK = "work_debug_descr";

    /** WORK_STRUCT_PWQ: the bits above are such an address. */
    private static final long WORK_PWQ = 0x4;

    /** A parent of vfork() waits for its child to exec or exit (kernel/fork.c). */
    private static final Set<String> VFORK = Set.of("wait_for_vfork_done", "kernel_clone");

    private static final String TRACE = "rcu_tasks_trace";
    private static final String WORKER = "it runs the work that is waited for";

    private final KernelData data;
    private final Everybody everybody;
    private final Queues queues;
    private final LockWaits names;

    Completions(KernelData data, Everybody everybody, Queues queues, LockWaits names) {
        this.data = data;
        this.everybody = everybody;
        this.queues = queues;
        this.names = names;
    }

    /** Returns the completion for which a task sleeps. */
    Optional<Wait> completion(long task, StackWords stack, List<String> functions) {
        return queues.find(task, stack, "swait_queue", "task", "task_list")
                .flatMap(place -> of("completion", "wait.task_list", place.head()))
                .map(completion -> wait(completion, stack, functions));
    }

    /** Returns the object of which a list head is a member. */
    private Optional<Long> of(String type, String member, long head) {
        OptionalLong at = data.address(0, type, member);
        return at.isPresent() ? Optional.of(head - at.getAsLong()) : Optional.empty();
    }

    private Wait wait(long completion, StackWords stack, List<String> functions) {
        if (functions.contains("__flush_work")) {
            return new Wait(
                    names.ref("flush of work", completion), 0, OptionalLong.empty(), flushed(completion), false);
        }
        if (functions.stream().anyMatch(name -> name.endsWith("flush_workqueue"))) {
            return new Wait(
                    names.ref("flush of workqueue", completion),
                    0,
                    OptionalLong.empty(),
                    flushedQueue(completion, stack),
                    false);
        }
        if (functions.stream().anyMatch(GracePeriods::isWait)) {
            boolean trace = functions.stream().anyMatch(name -> name.contains(TRACE)) || mentions(stack, TRACE);
            return gracePeriod(functions, trace);
        }
        return new Wait(
                names.ref("completion", completion),
                data.field(completion, "completion", "done").orElse(0),
                OptionalLong.empty(),
                ending(completion, functions),
                false);
    }

    private boolean mentions(StackWords stack, String prefix) {
        OptionalLong domain = data.symbols().address(prefix + "_srcu_struct");
        return domain.isPresent() && stack.innermost().stream().anyMatch(word -> word.value() == domain.getAsLong());
    }

    /** Returns the wait for a grace period. */
    Wait gracePeriod(List<String> functions, boolean trace) {
        GracePeriods.Kind kind = trace ? GracePeriods.Kind.TASKS_TRACE : GracePeriods.kind(functions);
        List<Wait.Holder> holders = new ArrayList<>();
        if (kind != GracePeriods.Kind.SRCU) {
            everybody
                    .stuck()
                    .forEach(task -> holders.add(
                            new Wait.Holder(task, Strength.CERTAIN, "its CPU passes through no quiescent state")));
        }
        kind.nesting().ifPresent(field -> {
            for (SeenTask task : everybody.offCpu()) {
                OptionalLong nesting = data.field(task.id(), "task_struct", field);
                if (nesting.isPresent() && (int) nesting.getAsLong() > 0) {
                    holders.add(new Wait.Holder(
                            task.id(), Strength.CERTAIN_IN_TIME, "it sleeps in a read-side critical section"));
                }
            }
        });
        return new Wait(
                new LockRef(kind.text(), Optional.empty(), Optional.empty()), 0, OptionalLong.empty(), holders, true);
    }

    /** Returns the task that completes this when it ends, or calls exec (vfork_done; of a kernel thread, kthread_stop()). */
    private List<Wait.Holder> ending(long completion, List<String> functions) {
        boolean vfork = functions.stream().anyMatch(VFORK::contains);
        return everybody.ids().stream()
                .filter(task -> data.field(task, "task_struct", "vfork_done").equals(OptionalLong.of(completion)))
                .map(task -> new Wait.Holder(
                        task,
                        vfork ? Strength.PATIENT : Strength.CERTAIN,
                        vfork ? "it has yet to exec or exit" : "it has yet to exit"))
                .toList();
    }

    /** A worker of a workqueue: what it runs, and of which queue. */
    private record Worker(SeenTask task, long worker, long queue) {}

    private List<Worker> busyWorkers() {
        List<Worker> workers = new ArrayList<>();
        for (SeenTask task : everybody.workers()) {
            OptionalLong thread = data.field(task.id(), "task_struct", "worker_private");
            OptionalLong worker = thread.isPresent() ? data.field(thread.getAsLong(), "kthread", "data") : thread;
            OptionalLong queue =
                    worker.isPresent() ? data.field(worker.getAsLong(), "worker", "current_pwq") : OptionalLong.empty();
            if (queue.isPresent() && queue.getAsLong() != 0) {
                workers.add(new Worker(task, worker.getAsLong(), queue.getAsLong()));
            }
        }
        return workers;
    }

    /** A flush puts a barrier behind the work: into the list of the worker that runs it, or behind the work in its queue. */
    private List<Wait.Holder> flushed(long completion) {
        Optional<Long> barrier = of("wq_barrier", "done", completion);
        OptionalLong entry =
                barrier.isPresent() ? data.address(barrier.get(), "wq_barrier", "work.entry") : OptionalLong.empty();
        if (entry.isEmpty()) {
            return List.of();
        }
        List<Worker> busy = busyWorkers();
        for (Worker worker : busy) {
            OptionalLong scheduled = data.address(worker.worker, "worker", "scheduled");
            if (scheduled.isPresent() && queues.leadsTo(scheduled.getAsLong(), entry.getAsLong())) {
                return List.of(new Wait.Holder(worker.task.id(), Strength.CERTAIN, WORKER));
            }
        }
        OptionalLong word = data.field(barrier.get(), "wq_barrier", "work.data");
        if (word.isEmpty() || (word.getAsLong() & WORK_PWQ) == 0) {
            return List.of();
        }
        long flags = data.symbols().address(DEBUGS_WORK).isPresent() ? DEBUGGED_WORK_FLAGS : WORK_FLAGS;
        return pending(word.getAsLong() & ~flags, entry.getAsLong(), busy);
    }

    /** The work does not run yet: its CPU is stuck, or its queue runs one work at a time. */
    private List<Wait.Holder> pending(long queue, long entry, List<Worker> busy) {
        OptionalLong pool = data.field(queue, "pool_workqueue", "pool");
        OptionalLong cpu = pool.isPresent() ? data.field(pool.getAsLong(), "worker_pool", "cpu") : pool;
        OptionalLong stuck = cpu.isPresent() ? everybody.stuckOn((int) cpu.getAsLong()) : OptionalLong.empty();
        if (stuck.isPresent()) {
            return List.of(new Wait.Holder(
                    stuck.getAsLong(), Strength.CERTAIN, "the work that is waited for is queued on its CPU"));
        }
        OptionalLong inactive = data.address(queue, "pool_workqueue", "inactive_works");
        List<Worker> same =
                busy.stream().filter(worker -> worker.queue == queue).toList();
        boolean waitsForTurn = inactive.isPresent() && queues.leadsTo(inactive.getAsLong(), entry);
        return waitsForTurn && same.size() == 1
                ? List.of(new Wait.Holder(
                        same.get(0).task.id(),
                        Strength.CERTAIN,
                        "it runs a work of the same queue, which runs one at a time"))
                : List.of();
    }

    /** All workers that run works of the queue which are as old as the flush. */
    private List<Wait.Holder> flushedQueue(long completion, StackWords stack) {
        Optional<Long> flusher = of("wq_flusher", "done", completion);
        OptionalLong color =
                flusher.isPresent() ? data.field(flusher.get(), "wq_flusher", "flush_color") : OptionalLong.empty();
        if (color.isEmpty()) {
            return List.of();
        }
        Set<Long> mentioned = Set.copyOf(stack.innermost().stream()
                .map(StackWords.Word::value)
                .distinct()
                .toList());
        List<Wait.Holder> holders = new ArrayList<>();
        for (Worker worker : busyWorkers()) {
            OptionalLong queue = data.field(worker.queue, "pool_workqueue", "wq");
            boolean old = data.field(worker.worker, "worker", "current_color").equals(color);
            if (queue.isPresent() && mentioned.contains(queue.getAsLong()) && old) {
                holders.add(new Wait.Holder(worker.task.id(), Strength.CERTAIN, WORKER));
            }
        }
        return holders;
    }
}
