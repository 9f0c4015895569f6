// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.sleep.SeenTask;
import io.ksplat.evidence.internal.sleep.WaitGraph;
import io.ksplat.evidence.internal.sleep.WaitGraph.Fate;
import io.ksplat.evidence.internal.sleep.WaitGraph.State;
import io.ksplat.evidence.internal.sleep.WaitGraph.Strength;
import io.ksplat.machine.internal.OutsideView.SleepFindings;
import io.ksplat.machine.internal.OutsideView.Sleepers;
import io.ksplat.machine.internal.forensics.locks.HeldLocks;
import io.ksplat.machine.internal.forensics.locks.Lock;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.memory.Tasks;
import io.ksplat.machine.internal.forensics.sleep.Wait.Sleeper;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.forensics.unwind.StackWalk;
import io.ksplat.machine.internal.forensics.unwind.Unwinder;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Follows from tasks that do not move whom they wait for, whom those wait for, and so on, and makes evidence of it. */
public final class SleepAnalysis {
    /** A hostile guest makes as many tasks as it likes. */
    private static final int MOST_TASKS = 256;

    /** Of one piece of evidence. */
    private static final int MOST_STACKS = 16;

    private static final int MOST_FUNCTIONS = 8;

    private final KernelData data;
    private final Tasks tasks;
    private final SourceFrames sources;
    private final Everybody everybody;
    private final Map<Integer, Long> stuck = new HashMap<>();
    private final WaitReader reader;
    private final Map<Long, Sleeper> sleepers = new LinkedHashMap<>();
    private final List<WaitGraph.Edge> edges = new ArrayList<>();
    private final Map<Long, State> states = new LinkedHashMap<>();

    /**
     * Begins an analysis of a stopped machine.
     *
     * @param memory through a CPU that maps the kernel
     * @param stuckCpus the CPUs that are stuck
     */
    public SleepAnalysis(
            KernelData data,
            Unwinder unwinder,
            GuestMemory memory,
            SourceFrames sources,
            TaskTable table,
            Set<Integer> stuckCpus) {
        this.data = data;
        this.tasks = new Tasks(data);
        this.sources = sources;
        for (int cpu : stuckCpus) {
            data.currentTask(cpu).ifPresent(task -> stuck.put(cpu, task));
        }
        this.everybody = new Everybody(table, stuck);
        this.reader = new WaitReader(data, unwinder, memory, everybody);
    }

    /** Explains tasks that are blocked. */
    public SleepFindings of(Sleepers given) throws IOException, InterruptedException {
        WaitGraph graph = follow(given.blocked(), given.still(), given.watched());
        List<Evidence> evidence = new ArrayList<>();
        Set<Long> left = new LinkedHashSet<>(given.blocked());
        for (List<Long> ring : graph.rings()) {
            Set<Long> behind = behind(ring, graph, left);
            evidence.add(evidence(ring, behind, true));
            ring.forEach(left::remove);
            left.removeAll(behind);
        }
        boolean deadlock = !evidence.isEmpty()
                || left.stream().anyMatch(task -> graph.fate(task).isDeadlock());
        boolean gracePeriod = left.stream()
                .flatMap(task -> Optional.ofNullable(sleepers.get(task)).stream())
                .anyMatch(sleeper -> sleeper.reason().map(Wait::gracePeriod).orElse(false));
        left.removeIf(task -> graph.fate(task) == Fate.GOOD_REASON
                || (!given.watched() && !graph.fate(task).isDeadlock()));
        evidence.addAll(rest(left, graph));
        return new SleepFindings(evidence, deadlock, gracePeriod);
    }

    /** Explains who waits behind stuck CPUs: one look suffices, because those stay as they are. */
    public List<Evidence> behindStuckCpus() throws IOException, InterruptedException {
        Set<Long> blocked = everybody.offCpu().stream()
                .filter(SeenTask::isUninterruptible)
                .map(SeenTask::id)
                .collect(Collectors.toCollection(LinkedHashSet::new));
        Set<Long> still = everybody.offCpu().stream()
                .filter(task -> !task.isRunnable())
                .map(SeenTask::id)
                .collect(Collectors.toSet());
        WaitGraph graph = follow(blocked, still, true);
        blocked.removeIf(task -> !graph.fate(task).isDeadlock());
        return rest(blocked, graph);
    }

    private List<Evidence> rest(Set<Long> blocked, WaitGraph graph) throws IOException, InterruptedException {
        List<Evidence> evidence = new ArrayList<>();
        Set<Long> left = new LinkedHashSet<>(blocked);
        while (!left.isEmpty()) {
            long first = left.iterator().next();
            Set<Long> together = graph.around(first);
            List<Long> group = left.stream().filter(together::contains).toList();
            evidence.add(evidence(group, Set.of(), false));
            group.forEach(left::remove);
        }
        return evidence;
    }

    private static Set<Long> behind(List<Long> ring, WaitGraph graph, Set<Long> blocked) {
        Set<Long> around = graph.around(ring.get(0));
        return blocked.stream()
                .filter(task -> around.contains(task) && graph.fate(task) == Fate.BEHIND_RING)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private WaitGraph follow(Set<Long> blocked, Set<Long> still, boolean watched) {
        Deque<Long> next = new ArrayDeque<>(blocked.stream().sorted().toList());
        Set<Long> known = new HashSet<>(blocked);
        while (!next.isEmpty() && sleepers.size() < MOST_TASKS) {
            long task = next.poll();
            State state = state(task, still);
            states.put(task, state);
            if (state == State.EXITED
                    || everybody.get(task).map(SeenTask::onCpu).orElse(true)) {
                continue;
            }
            Sleeper sleeper = reader.read(task);
            sleepers.put(task, sleeper);
            for (Wait.Holder holder : sleeper.reason().map(Wait::holders).orElse(List.of())) {
                edges.add(new WaitGraph.Edge(task, holder.task(), holder.strength()));
                if (known.add(holder.task())) {
                    next.add(holder.task());
                }
            }
        }
        return new WaitGraph(states, edges, watched);
    }

    private State state(long task, Set<Long> still) {
        if (everybody.hasExited(task)) {
            return State.EXITED;
        }
        if (everybody.isStuck(task)) {
            return State.STUCK;
        }
        return still.contains(task) ? State.ASLEEP : State.RUNS;
    }

    /**
     * Makes evidence of tasks that hang together.
     *
     * @param given a ring, each task waiting for the next one; or any tasks
     */
    private Evidence evidence(List<Long> given, Set<Long> behind, boolean ring)
            throws IOException, InterruptedException {
        List<Long> tasks = ring ? rotated(given) : sorted(given);
        Set<Long> shown = new LinkedHashSet<>(tasks);
        shown.addAll(behind);
        // Whom they wait for, and so on: what those do is half of the explanation.
        for (Deque<Long> next = new ArrayDeque<>(shown); !next.isEmpty(); ) {
            for (Wait.Holder holder : holders(next.poll())) {
                if (shown.add(holder.task())) {
                    next.add(holder.task());
                }
            }
        }
        List<Sleeper> asleep = shown.stream()
                .flatMap(task -> Optional.ofNullable(sleepers.get(task)).stream())
                .toList();
        List<Stack> stacks = new ArrayList<>();
        for (Sleeper sleeper : asleep) {
            if (!sleeper.steps().isEmpty() && stacks.size() < MOST_STACKS) {
                stacks.add(new Stack(OptionalInt.empty(), "task", sources.frames(sleeper.steps()))
                        .with(everybody.named(sleeper.task())));
            }
        }
        long first = tasks.get(0);
        return Evidence.builder(
                        EvidenceKind.TASK_BLOCKED,
                        ring ? ringTitle(tasks) : title(first, tasks.size()),
                        "task-blocked:" + functions(first))
                .function(taker(first))
                .task(everybody.named(first))
                .seconds(slept(first))
                .locks(asleep.stream()
                        .flatMap(sleeper -> sleeper.reason().stream())
                        .map(Wait::ref)
                        .distinct()
                        .toList())
                .cycle(ring ? cycle(tasks) : List.of())
                .stacks(stacks)
                .blocked(Stream.concat(tasks.stream().skip(1), behind.stream())
                        .flatMap(task -> everybody.named(task).stream())
                        .toList())
                .details(details(asleep))
                .build();
    }

    private List<Wait.Holder> holders(long task) {
        return Optional.ofNullable(sleepers.get(task))
                .flatMap(Sleeper::reason)
                .map(Wait::holders)
                .orElse(List.of());
    }

    /** The same ring begins with the same task in every run. */
    private List<Long> rotated(List<Long> ring) {
        long first = sorted(ring).get(0);
        int at = ring.indexOf(first);
        List<Long> from = new ArrayList<>(ring.subList(at, ring.size()));
        from.addAll(ring.subList(0, at));
        return from;
    }

    private List<Long> sorted(List<Long> tasks) {
        return tasks.stream()
                .sorted(Comparator.comparing((Long task) -> holders(task).isEmpty())
                        .thenComparing(this::functions)
                        .thenComparing(
                                task -> everybody.named(task).map(Task::pid).orElse(0)))
                .toList();
    }

    private List<CycleNode> cycle(List<Long> ring) {
        List<CycleNode> nodes = new ArrayList<>();
        for (int i = 0; i < ring.size(); i++) {
            long before = ring.get((i + ring.size() - 1) % ring.size());
            nodes.add(new CycleNode("task", OptionalInt.empty(), wanted(before), wanted(ring.get(i)))
                    .with(everybody.named(ring.get(i))));
        }
        return nodes;
    }

    private String wanted(long task) {
        return reason(task).map(wait -> wait.ref().name()).orElse("something unknown");
    }

    private Optional<Wait> reason(long task) {
        return Optional.ofNullable(sleepers.get(task)).flatMap(Sleeper::reason);
    }

    private OptionalDouble slept(long task) {
        OptionalLong ns = everybody.get(task).map(SeenTask::sleptNs).orElse(OptionalLong.empty());
        return ns.isPresent()
                ? OptionalDouble.of((double) Duration.ofNanos(ns.getAsLong()).toMillis() / 1000)
                : OptionalDouble.empty();
    }

    private String ringTitle(List<Long> ring) {
        return ring.size() == 1
                ? who(ring.get(0)) + " sleeps for " + wanted(ring.get(0)) + ", which it holds itself"
                : ring.stream().map(this::who).collect(Collectors.joining(", ")) + " wait for each other: "
                        + ring.stream().map(this::wanted).distinct().collect(Collectors.joining(", "));
    }

    private String title(long first, int count) {
        String what = reason(first).map(wait -> " for " + wait.ref().name()).orElse("");
        String owner = holders(first).stream()
                .findFirst()
                .map(holder -> " and waits for " + whoAndWhere(holder.task()))
                .orElse("");
        return who(first) + " sleeps" + what + " in " + taker(first).orElse("an unknown function") + owner
                + (count > 1 ? ", and " + (count - 1) + " more" : "");
    }

    private String whoAndWhere(long task) {
        if (everybody.hasExited(task)) {
            return "a task that has exited";
        }
        OptionalInt cpu = tasks.runsOn(task);
        return who(task)
                + (cpu.isPresent()
                        ? " on CPU " + cpu.getAsInt()
                        : taker(task).map(function -> " in " + function).orElse(""));
    }

    private String who(long task) {
        return everybody
                .named(task)
                .map(known -> known.comm() + "/" + known.pid())
                .orElse("a task");
    }

    private Optional<String> taker(long task) {
        return Optional.ofNullable(sleepers.get(task))
                .filter(sleeper -> !sleeper.steps().isEmpty())
                .map(sleeper ->
                        SymbolNames.base(sleeper.steps().get(sleeper.taker()).frame()));
    }

    private String functions(long task) {
        return Optional.ofNullable(sleepers.get(task)).stream()
                .flatMap(sleeper -> sleeper.steps().stream())
                .map(StackWalk.Step::frame)
                .filter(frame -> frame.certain())
                .map(SymbolNames::base)
                .limit(MOST_FUNCTIONS)
                .collect(Collectors.joining("<"));
    }

    private Details.Waits details(List<Sleeper> asleep) {
        List<Details.Wait> waits = new ArrayList<>();
        Set<HeldLocks.Awaited> awaited = new HashSet<>();
        for (Sleeper sleeper : asleep) {
            if (sleeper.reason().isEmpty()) {
                continue;
            }
            Wait wait = sleeper.reason().get();
            Optional<Wait.Holder> holder = wait.holders().stream().findFirst();
            holder.flatMap(owner -> HeldLocks.Awaited.of(sleeper.task(), lock(wait, owner)))
                    .ifPresent(awaited::add);
            waits.add(new Details.Wait(
                    OptionalInt.empty(),
                    everybody.named(sleeper.task()),
                    "task",
                    wait.ref(),
                    wait.word(),
                    OptionalInt.empty(),
                    holder.map(this::owner)));
        }
        return new Details.Waits(waits, new HeldLocks(data).ofAll(awaited));
    }

    private static Lock lock(Wait wait, Wait.Holder owner) {
        LockRef ref = wait.ref();
        return new Lock(0, ref, wait.word(), wait.map(), OptionalLong.of(owner.task()), OptionalInt.empty());
    }

    private Details.Owner owner(Wait.Holder holder) {
        return everybody.hasExited(holder.task())
                ? new Details.Owner(
                        Details.Owner.EXITED, OptionalInt.empty(), Optional.empty(), holder.because(), false)
                : new Details.Owner(
                        "task",
                        tasks.runsOn(holder.task()),
                        everybody.named(holder.task()),
                        holder.because(),
                        holder.strength() == Strength.LIKELY);
    }
}
