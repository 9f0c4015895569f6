// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.locks;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import io.ksplat.machine.internal.forensics.unwind.ContextStack;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who waits for which lock, who holds it, and the cycle of waits. A kernel that debugs its spin locks writes the owner into them. In
 * other kernels the owner is inferred, and only if a single context can be it: spin locks are held on CPUs, and every CPU's stack is
 * known.
 */
public final class LockGraph {
    /** What an interrupt holds while the context that it interrupted waits, as in reports of lockdep. */
    private static final String CPU = "the CPU";

    /** The innermost context of a CPU, which spins; {@code taker} is the index of the step of the function that wants the lock. */
    public record Waiting(ContextStack stack, Lock lock, int taker) {}

    /** Who holds a lock: a context, or without one a task that is on no CPU. */
    private record Holder(Optional<ContextStack> stack, Optional<Task> task, String because, boolean inferred) {}

    private final KernelData data;
    private final HeldLocks held;
    private final Tasks tasks;
    private final PreemptCounts preemption;
    private final List<ContextStack> stacks;
    private final List<Waiting> waits;
    private final Map<Waiting, Holder> holders = new HashMap<>();

    /** @param stacks of every CPU, each CPU's innermost first */
    public LockGraph(KernelData data, List<ContextStack> stacks, List<Waiting> waits) {
        this.data = data;
        this.held = new HeldLocks(data);
        this.tasks = new Tasks(data);
        this.preemption = new PreemptCounts(data);
        this.stacks = stacks;
        this.waits = waits;
        for (Waiting wait : waits) {
            holder(wait).ifPresent(holder -> holders.put(wait, holder));
        }
    }

    /** Returns the waits, those of the cycle first. */
    private List<Waiting> sorted() {
        List<Integer> cycle = cpusOfCycle();
        return waits.stream()
                .sorted(Comparator.comparing(wait -> !cycle.contains(wait.stack.cpu())))
                .toList();
    }

    public List<LockRef> locks() {
        return sorted().stream().map(wait -> wait.lock.ref()).distinct().toList();
    }

    public Details.Waits details() {
        return new Details.Waits(
                sorted().stream()
                        .map(wait -> new Details.Wait(
                                OptionalInt.of(wait.stack.cpu()),
                                currentTask(wait.stack.cpu()),
                                name(wait.stack),
                                wait.lock.ref(),
                                wait.lock.word(),
                                wait.lock.tail(),
                                Optional.ofNullable(holders.get(wait)).map(LockGraph::owner)))
                        .toList(),
                held.ofAll(awaited()));
    }

    private Set<HeldLocks.Awaited> awaited() {
        return waits.stream()
                .flatMap(wait -> data.currentTask(wait.stack.cpu()).stream()
                        .mapToObj(task -> HeldLocks.Awaited.of(task, wait.lock))
                        .flatMap(Optional::stream))
                .collect(Collectors.toSet());
    }

    private static Details.Owner owner(Holder holder) {
        return new Details.Owner(
                holder.stack.map(LockGraph::name).orElse("task"),
                holder.stack.map(stack -> OptionalInt.of(stack.cpu())).orElse(OptionalInt.empty()),
                holder.task,
                holder.because,
                holder.inferred);
    }

    /** Returns the cycle: each node waits for what the next one holds. Empty if there is none. */
    public List<CycleNode> cycle() {
        for (Waiting start : waits) {
            List<CycleNode> nodes = cycleFrom(start);
            if (!nodes.isEmpty()) {
                return nodes;
            }
        }
        return List.of();
    }

    public List<Integer> cpusOfCycle() {
        return cycle().stream()
                .flatMapToInt(node -> node.cpu().stream())
                .distinct()
                .boxed()
                .toList();
    }

    private List<CycleNode> cycleFrom(Waiting start) {
        List<CycleNode> nodes = new ArrayList<>();
        String holds = "";
        boolean inferred = false;
        Waiting at = start;
        for (int steps = 0; steps < waits.size(); steps++) {
            Holder holder = holders.get(at);
            if (holder == null || holder.stack.isEmpty()) {
                return List.of();
            }
            ContextStack owner = holder.stack.get();
            String lock = at.lock.ref().name();
            nodes.add(node(at.stack, holds, lock, inferred));
            Optional<Waiting> next = waitingOn(owner.cpu());
            if (next.isEmpty()) {
                return List.of();
            }
            holds = lock;
            inferred = holder.inferred;
            if (!owner.equals(next.get().stack)) {
                nodes.add(node(owner, lock, CPU, inferred));
                holds = CPU;
                inferred = false;
            }
            if (next.get().equals(start)) {
                CycleNode first = nodes.get(0);
                nodes.set(0, new CycleNode(first.context(), first.cpu(), holds, first.waitsFor(), inferred));
                return nodes;
            }
            at = next.get();
        }
        return List.of();
    }

    private static CycleNode node(ContextStack stack, String holds, String waitsFor, boolean inferred) {
        return new CycleNode(name(stack), OptionalInt.of(stack.cpu()), holds, waitsFor, inferred);
    }

    private Optional<Waiting> waitingOn(int cpu) {
        return waits.stream().filter(wait -> wait.stack.cpu() == cpu).findFirst();
    }

    private Optional<Holder> holder(Waiting wait) {
        return wait.lock.owner().isPresent() && wait.lock.ownerCpu().isPresent()
                ? Optional.of(writtenHolder(
                        wait,
                        wait.lock.owner().getAsLong(),
                        wait.lock.ownerCpu().getAsInt()))
                : inferredHolder(wait);
    }

    /** Finds the context of the owner that the lock names: an interrupt takes locks as the task that it interrupted. */
    private Holder writtenHolder(Waiting wait, long owner, int cpu) {
        Optional<Task> task = tasks.named(owner);
        boolean runs = data.currentTask(cpu).equals(OptionalLong.of(owner));
        List<ContextStack> possible = stacks.stream()
                .filter(stack -> runs && stack.cpu() == cpu && !stack.context().equals("user"))
                .toList();
        String written = "the lock names its owner";
        if (possible.size() <= 1) {
            return new Holder(possible.stream().findFirst(), task, written, false);
        }
        Optional<ContextStack> held = lockdepContext(owner, wait.lock)
                .flatMap(context -> possible.stream()
                        .filter(stack -> stack.context().equals(context))
                        .findFirst());
        if (held.isPresent()) {
            return new Holder(held, task, written + ", lockdep its context", false);
        }
        List<ContextStack> takers =
                possible.stream().filter(stack -> takes(stack, wait)).toList();
        if (takers.size() == 1) {
            return new Holder(
                    Optional.of(takers.get(0)),
                    task,
                    written + "; its context calls " + taker(wait) + ", which takes the lock",
                    true);
        }
        ContextStack outermost = possible.get(possible.size() - 1);
        return new Holder(Optional.of(outermost), task, written + "; of its contexts, the first", true);
    }

    /** Returns the kind of context in which the task took the lock, by lockdep (irq_context: softirq 1, hardirq 2). */
    private Optional<String> lockdepContext(long task, Lock lock) {
        return held.of(task).stream()
                .filter(entry -> lock.map().equals(OptionalLong.of(entry.lock())))
                .map(HeldLocks.Entry::context)
                .map(context -> (context & 2) != 0 ? "irq" : context == 1 ? "softirq" : "task")
                .findFirst();
    }

    private Optional<Holder> inferredHolder(Waiting wait) {
        List<ContextStack> possible =
                stacks.stream().filter(stack -> mayHold(stack, wait)).toList();
        List<ContextStack> takers =
                possible.stream().filter(stack -> takes(stack, wait)).toList();
        if (takers.size() == 1) {
            return Optional.of(new Holder(
                    Optional.of(takers.get(0)),
                    currentTask(takers.get(0).cpu()),
                    "it is in " + taker(wait) + ", which takes this lock",
                    true));
        }
        List<ContextStack> others = stacks.stream()
                .filter(stack -> !stack.equals(wait.stack) && runsKernelCode(stack))
                .toList();
        List<ContextStack> left = others.stream().filter(possible::contains).toList();
        return takers.isEmpty() && left.size() == 1 && left.get(0).cpu() == wait.stack.cpu()
                ? Optional.of(new Holder(
                        Optional.of(left.get(0)),
                        currentTask(wait.stack.cpu()),
                        others.size() == 1
                                ? "nothing else runs in the kernel"
                                : "nothing else in the kernel has disabled preemption, as who takes a spin lock does",
                        true))
                : Optional.empty();
    }

    /**
     * Returns whether a context may hold a lock: a function that takes such a lock disables preemption before. The count of a CPU is
     * that of all its contexts. That of the one that waits is not zero, in a kernel that counts (CONFIG_PREEMPT_COUNT).
     */
    private boolean mayHold(ContextStack stack, Waiting wait) {
        int own = preemption.of(wait.stack.cpu()).orElse(0);
        if (own == 0 || !countsPreemption(wait)) {
            return true;
        }
        return stack.cpu() == wait.stack.cpu()
                ? own > 1
                : preemption.of(stack.cpu()).orElse(1) > 0;
    }

    /** Others may leave preemption as it is: older kernels' bpf_spin_lock() only disables interrupts. */
    private static boolean countsPreemption(Waiting wait) {
        return wait.stack.steps().subList(0, wait.taker).stream()
                .map(step -> SymbolNames.base(step.frame()))
                .anyMatch(name -> name.startsWith("_raw_"));
    }

    /** Returns whether a context is in the function that wants the lock; its own call that waits does not count. */
    private boolean takes(ContextStack stack, Waiting wait) {
        int from = waits.stream()
                .filter(other -> other.stack.equals(stack) && other.lock.address() == wait.lock.address())
                .map(other -> other.taker + 1)
                .findFirst()
                .orElse(0);
        return names(stack, from).anyMatch(taker(wait)::equals);
    }

    private static Stream<String> names(ContextStack stack, int from) {
        return stack.steps().stream()
                .skip(from)
                .map(StackWalk.Step::frame)
                .filter(frame -> frame.certain())
                .map(SymbolNames::base);
    }

    private static boolean runsKernelCode(ContextStack stack) {
        return !stack.context().equals("user")
                && names(stack, 0).noneMatch(name -> Arch.guest().functions().is(name, Role.IDLE_TASK));
    }

    private static String taker(Waiting wait) {
        return SymbolNames.base(wait.stack.steps().get(wait.taker).frame());
    }

    private Optional<Task> currentTask(int cpu) {
        OptionalLong current = data.currentTask(cpu);
        return current.isPresent() ? tasks.named(current.getAsLong()) : Optional.empty();
    }

    /** Returns the context's name as {@link CycleNode} spells it. */
    private static String name(ContextStack stack) {
        return switch (stack.context()) {
            case "nmi" -> "NMI";
            case "irq" -> "hardirq";
            default -> stack.context();
        };
    }
}
