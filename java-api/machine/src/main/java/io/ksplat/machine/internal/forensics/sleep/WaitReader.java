// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.internal.sleep.WaitGraph.Strength;
import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.sleep.Wait.Sleeper;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads what a task that is on no CPU sleeps for: from its stack, and from the queue in which it waits. */
final class WaitReader {
    private final KernelData data;
    private final Unwinder unwinder;
    private final GuestMemory memory;
    private final Queues queues;
    private final LockWaits locks;
    private final Completions completions;
    private final Map<Long, List<StackWalk.Step>> steps = new HashMap<>();

    WaitReader(KernelData data, Unwinder unwinder, GuestMemory memory, Everybody everybody) {
        this.data = data;
        this.unwinder = unwinder;
        this.memory = memory;
        this.queues = new Queues(data, everybody.ids());
        this.locks = new LockWaits(data, everybody, this::steps);
        this.completions = new Completions(data, everybody, queues, locks);
    }

    /** Reads one task. */
    Sleeper read(long task) {
        List<StackWalk.Step> all = steps(task);
        int taker = 0;
        while (taker < all.size() - 1 && SleepLockKind.isWaiting(all.get(taker).frame())) {
            taker++;
        }
        Optional<Wait> wait = all.isEmpty() ? Optional.empty() : reason(task, all, taker);
        return new Sleeper(task, all, isTimed(all, taker) ? wait.map(WaitReader::timed) : wait, taker);
    }

    private List<StackWalk.Step> steps(long task) {
        return steps.computeIfAbsent(task, id -> {
            OptionalLong sp = data.field(id, "task_struct", Arch.guest().savedStackPointer());
            return sp.isEmpty() ? List.of() : unwinder.asleep(sp.getAsLong(), memory);
        });
    }

    private Optional<Wait> reason(long task, List<StackWalk.Step> all, int taker) {
        StackWords stack = StackWords.of(task, data);
        List<String> functions = all.stream()
                .map(StackWalk.Step::frame)
                .filter(Frame::certain)
                .map(SymbolNames::base)
                .toList();
        return locks.mutexOrRwsem(task, all, stack)
                .or(() -> locks.rtMutex(task))
                .or(() -> has(all, taker, Role.SEMAPHORE) ? locks.semaphore(task, stack) : Optional.empty())
                .or(() -> has(all, taker, Role.COMPLETION)
                        ? completions.completion(task, stack, functions)
                        : Optional.empty())
                .or(() -> functions.stream().anyMatch(GracePeriods::isWait)
                        ? Optional.of(completions.gracePeriod(functions, false))
                        : Optional.empty())
                .or(() -> queue(task, stack));
    }

    private static boolean has(List<StackWalk.Step> all, int taker, Role role) {
        return all.stream()
                .limit(taker)
                .anyMatch(step -> step.frame().certain() && SleepLockKind.is(step.frame(), role));
    }

    /** A function that is named after its timeout; schedule_timeout() is also called without one. */
    private static boolean isTimed(List<StackWalk.Step> all, int taker) {
        return all.stream()
                .limit(taker)
                .map(step -> SymbolNames.base(step.frame()))
                .anyMatch(name -> name.endsWith("_timeout") && !name.equals("schedule_timeout"));
    }

    private static Wait timed(Wait wait) {
        return new Wait(
                wait.ref(),
                wait.word(),
                wait.map(),
                wait.holders().stream()
                        .map(holder -> new Wait.Holder(
                                holder.task(), Strength.LIKELY, holder.because() + "; a timeout ends the wait"))
                        .toList(),
                wait.gracePeriod());
    }

    /** A wait queue does not tell who wakes it; the function that it wakes with tells what kind it is. */
    private Optional<Wait> queue(long task, StackWords stack) {
        Optional<Queues.Place> place = queues.find(task, stack, "wait_queue_entry", "private", "entry");
        if (place.isEmpty()) {
            return Optional.empty();
        }
        String wakes = data.field(place.get().entry(), "wait_queue_entry", "func").stream()
                .boxed()
                .flatMap(function -> data.symbols().at(function).map(Symbol::name).stream())
                .findFirst()
                .orElse("");
        LockRef ref = switch (wakes) {
            case "wake_page_function" -> within("folio lock", "wait_page_queue", "wait", "folio", place.get());
            case "wake_bit_function", "var_wake_function" ->
                within("wait bit", "wait_bit_queue_entry", "wq_entry", "key.flags", place.get());
            case "percpu_rwsem_wake_function" ->
                locks.ref("percpu_rw_semaphore", place.get().head() - offset("percpu_rw_semaphore", "waiters.head"));
            default -> locks.ref("wait queue", place.get().head() - offset("wait_queue_head", "head"));
        };
        return Optional.of(new Wait(ref, 0, OptionalLong.empty(), List.of(), false));
    }

    /** Names what the object around an entry says that is waited for. */
    private LockRef within(String what, String type, String member, String names, Queues.Place place) {
        OptionalLong named = data.field(place.entry() - offset(type, member), type, names);
        return locks.ref(what, named.orElse(place.head()));
    }

    private long offset(String type, String member) {
        return data.address(0, type, member).orElse(0);
    }
}
