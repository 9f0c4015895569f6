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
 * Who waits for what, who holds it, and the cycle that comes of it. A kernel that debugs its spin locks writes the owner into them;
 * elsewhere it is inferred, and only where one context alone can be it: spin locks are held on CPUs, and every CPU's stack is known.
 */
public final class LockGraph {
    /** What an interrupt keeps from the context that it interrupted, as reports of lockdep have it too. */
    private static final String CPU = "the CPU";

    /** A CPU's innermost context that spins; {@code taker} is the step of the function that wants the lock. */
    public record Waiting(ContextStack layer, Lock lock, int taker) {}

    /** A context that holds a lock; without a layer, a task that runs nowhere. */
    private record Holder(Optional<ContextStack> layer, Optional<Task> task, String because, boolean inferred) {}

    private final KernelData data;
    private final HeldLocks held;
    private final Tasks tasks;
    private final List<ContextStack> layers;
    private final List<Waiting> waits;
    private final Map<Waiting, Holder> holders = new HashMap<>();

    /** @param layers every CPU's, each CPU's innermost first */
    public LockGraph(KernelData data, List<ContextStack> layers, List<Waiting> waits) {
        this.data = data;
        this.held = new HeldLocks(data);
        this.tasks = new Tasks(data);
        this.layers = layers;
        this.waits = waits;
        for (Waiting wait : waits) {
            holder(wait).ifPresent(holder -> holders.put(wait, holder));
        }
    }

    /** Those of the cycle first. */
    private List<Waiting> sorted() {
        List<Integer> cycle = cpusOfCycle();
        return waits.stream()
                .sorted(Comparator.comparing(wait -> !cycle.contains(wait.layer.cpu())))
                .toList();
    }

    public List<LockRef> locks() {
        return sorted().stream().map(wait -> wait.lock.ref()).distinct().toList();
    }

    public Details.Waits details() {
        return new Details.Waits(
                sorted().stream()
                        .map(wait -> new Details.Wait(
                                OptionalInt.of(wait.layer.cpu()),
                                currentTask(wait.layer.cpu()),
                                name(wait.layer),
                                wait.lock.ref(),
                                wait.lock.word(),
                                wait.lock.tail(),
                                Optional.ofNullable(holders.get(wait)).map(LockGraph::owner)))
                        .toList(),
                held.ofAll(awaited()));
    }

    private Set<HeldLocks.Awaited> awaited() {
        return waits.stream()
                .flatMap(wait -> data.currentTask(wait.layer.cpu()).stream()
                        .mapToObj(task -> HeldLocks.Awaited.of(task, wait.lock))
                        .flatMap(Optional::stream))
                .collect(Collectors.toSet());
    }

    private static Details.Owner owner(Holder holder) {
        return new Details.Owner(
                holder.layer.map(LockGraph::name).orElse("task"),
                holder.layer.map(layer -> OptionalInt.of(layer.cpu())).orElse(OptionalInt.empty()),
                holder.task,
                holder.because,
                holder.inferred);
    }

    /** From the first waiting CPU on: each node waits for what the next one holds. Empty where the way does not lead back. */
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
            if (holder == null || holder.layer.isEmpty()) {
                return List.of();
            }
            ContextStack owner = holder.layer.get();
            String lock = at.lock.ref().name();
            nodes.add(node(at.layer, holds, lock, inferred));
            Optional<Waiting> next = waitingOn(owner.cpu());
            if (next.isEmpty()) {
                return List.of();
            }
            holds = lock;
            inferred = holder.inferred;
            if (!owner.equals(next.get().layer)) {
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

    private static CycleNode node(ContextStack layer, String holds, String waitsFor, boolean inferred) {
        return new CycleNode(name(layer), OptionalInt.of(layer.cpu()), holds, waitsFor, inferred);
    }

    private Optional<Waiting> waitingOn(int cpu) {
        return waits.stream().filter(wait -> wait.layer.cpu() == cpu).findFirst();
    }

    private Optional<Holder> holder(Waiting wait) {
        return wait.lock.owner().isPresent() && wait.lock.ownerCpu().isPresent()
                ? Optional.of(writtenHolder(
                        wait,
                        wait.lock.owner().getAsLong(),
                        wait.lock.ownerCpu().getAsInt()))
                : inferredHolder(wait);
    }

    /** The lock names a task and a CPU; an interrupt takes locks in the name of the task that it interrupted. */
    private Holder writtenHolder(Waiting wait, long owner, int cpu) {
        Optional<Task> task = tasks.named(owner);
        boolean runs = data.currentTask(cpu).equals(OptionalLong.of(owner));
        List<ContextStack> possible = layers.stream()
                .filter(layer -> runs && layer.cpu() == cpu && !layer.context().equals("user"))
                .toList();
        String written = "the lock names its owner";
        if (possible.size() <= 1) {
            return new Holder(possible.stream().findFirst(), task, written, false);
        }
        Optional<ContextStack> held = lockdepContext(owner, wait.lock)
                .flatMap(context -> possible.stream()
                        .filter(layer -> layer.context().equals(context))
                        .findFirst());
        if (held.isPresent()) {
            return new Holder(held, task, written + ", lockdep its context", false);
        }
        List<ContextStack> takers =
                possible.stream().filter(layer -> takes(layer, wait)).toList();
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

    /** In which kind of context the task took the lock, as lockdep keeps it (irq_context: softirq 1, hardirq 2). */
    private Optional<String> lockdepContext(long task, Lock lock) {
        return held.of(task).stream()
                .filter(entry -> lock.map().equals(OptionalLong.of(entry.lock())))
                .map(HeldLocks.Entry::context)
                .map(context -> (context & 2) != 0 ? "irq" : context == 1 ? "softirq" : "task")
                .findFirst();
    }

    private Optional<Holder> inferredHolder(Waiting wait) {
        List<ContextStack> takers =
                layers.stream().filter(layer -> takes(layer, wait)).toList();
        if (takers.size() == 1) {
            return Optional.of(new Holder(
                    Optional.of(takers.get(0)),
                    currentTask(takers.get(0).cpu()),
                    "it is in " + taker(wait) + ", which takes this lock",
                    true));
        }
        List<ContextStack> below = layers.stream()
                .filter(layer -> layer.cpu() == wait.layer.cpu() && !layer.equals(wait.layer) && runsKernelCode(layer))
                .toList();
        boolean alone = layers.stream().noneMatch(layer -> layer.cpu() != wait.layer.cpu() && runsKernelCode(layer));
        return takers.isEmpty() && alone && below.size() == 1
                ? Optional.of(new Holder(
                        Optional.of(below.get(0)),
                        currentTask(wait.layer.cpu()),
                        "nothing else runs in the kernel",
                        true))
                : Optional.empty();
    }

    /** Whether a context is inside of the function that wants the lock; the call that waits for it does not count. */
    private boolean takes(ContextStack layer, Waiting wait) {
        int from = waits.stream()
                .filter(other -> other.layer.equals(layer) && other.lock.address() == wait.lock.address())
                .map(other -> other.taker + 1)
                .findFirst()
                .orElse(0);
        return names(layer, from).anyMatch(taker(wait)::equals);
    }

    private static Stream<String> names(ContextStack layer, int from) {
        return layer.steps().stream()
                .skip(from)
                .map(StackWalk.Step::frame)
                .filter(frame -> frame.certain())
                .map(SymbolNames::base);
    }

    private static boolean runsKernelCode(ContextStack layer) {
        return !layer.context().equals("user")
                && names(layer, 0).noneMatch(name -> Arch.guest().functions().is(name, Role.IDLE_TASK));
    }

    private static String taker(Waiting wait) {
        return SymbolNames.base(wait.layer.steps().get(wait.taker).frame());
    }

    private Optional<Task> currentTask(int cpu) {
        OptionalLong current = data.currentTask(cpu);
        return current.isPresent() ? tasks.named(current.getAsLong()) : Optional.empty();
    }

    /** The words of {@link CycleNode}. */
    private static String name(ContextStack layer) {
        return switch (layer.context()) {
            case "nmi" -> "NMI";
            case "irq" -> "hardirq";
            default -> layer.context();
        };
    }
}
