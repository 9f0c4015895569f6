// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Details.Step;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/** Derives the cycle of a deadlock from the structure of a report. */
final class Cycles {
    /** What the interrupted context waits for while an interrupt runs. */
    private static final String CPU = "the CPU";

    private Cycles() {}

    static List<CycleNode> of(EvidenceKind kind, Details details, OptionalInt cpu) {
        if (details instanceof Details.Locks locks) {
            return switch (kind) {
                case LOCKDEP_CIRCULAR -> circular(locks);
                case LOCKDEP_RECURSIVE -> recursive(locks);
                case LOCKDEP_INCONSISTENT -> inconsistent(locks, cpu);
                case LOCKDEP_INVERSION -> inversion(locks.scenario());
                default -> List.of();
            };
        }
        if (details instanceof Details.Spinlock spinlock && spinlock.problem().contains("recursion")) {
            return List.of(new CycleNode("task", spinlock.cpu(), "the spinlock", "the spinlock").with(spinlock.task()));
        }
        if (details instanceof Details.Stream stream
                && stream.attempted().filter(stream.held()::contains).isPresent()) {
            String lock = "0x" + stream.attempted().get();
            return List.of(new CycleNode("task", cpu, lock, lock).with(stream.task()));
        }
        return List.of();
    }

    /** The chain goes from the held lock (#n) to the wanted one (#0). Each lock was taken while the next one was held. */
    private static List<CycleNode> circular(Details.Locks locks) {
        List<String> chain =
                locks.chain().stream().map(link -> name(link.lock())).toList();
        if (chain.size() < 2) {
            return scenario(locks.scenario());
        }
        List<CycleNode> nodes = new ArrayList<>();
        int last = chain.size() - 1;
        nodes.add(task(chain.get(0), chain.get(last)).with(locks.task()));
        for (int i = last; i > 0; i--) {
            nodes.add(task(chain.get(i), chain.get(i - 1)));
        }
        return nodes;
    }

    private static List<CycleNode> recursive(Details.Locks locks) {
        Optional<String> wanted = locks.wanted().stream().map(Cycles::name).findFirst();
        return wanted.map(lock -> List.of(task(lock, lock).with(locks.task()))).orElse(List.of());
    }

    /** {@code inconsistent {INITIAL USE} -> {IN-NMI} usage}: the interrupt waits for a lock of the context that it interrupted. */
    private static List<CycleNode> inconsistent(Details.Locks locks, OptionalInt cpu) {
        if (locks.usage().isEmpty() || locks.wanted().isEmpty()) {
            return List.of();
        }
        Details.Usage usage = locks.usage().get();
        String lock = name(locks.wanted().get(0));
        String context = context(usage.now()).or(() -> context(usage.before())).orElse("");
        return context.isEmpty()
                ? List.of()
                : List.of(new CycleNode("task", cpu, lock, CPU), new CycleNode(context, cpu, CPU, lock));
    }

    private static Optional<String> context(String state) {
        if (!state.startsWith("IN-")) {
            return Optional.empty();
        }
        String name = state.substring(3).replaceFirst("-[RW]$", "").toLowerCase(Locale.ROOT);
        return Optional.of("nmi".equals(name) ? "NMI" : name);
    }

    /** print_irq_lock_scenario(): the interrupt on the first CPU waits for a lock of the second CPU, which waits for a lock of the first. */
    private static List<CycleNode> inversion(List<Step> steps) {
        List<String> first = new ArrayList<>();
        List<String> second = new ArrayList<>();
        List<String> interrupt = new ArrayList<>();
        boolean interrupted = false;
        for (Step step : steps) {
            interrupted |= step.action().startsWith("<");
            lockOf(step)
                    .ifPresent(step.column() == 1 ? second::add : new Interrupted(interrupted, first, interrupt)::add);
        }
        if (first.isEmpty() || interrupt.isEmpty()) {
            return List.of();
        }
        List<CycleNode> nodes = new ArrayList<>();
        String wanted = interrupt.get(0);
        String held = first.get(0);
        nodes.add(new CycleNode("task", OptionalInt.empty(), held, CPU));
        nodes.add(new CycleNode("irq", OptionalInt.empty(), CPU, wanted));
        List<String> path = new ArrayList<>(second.isEmpty() ? List.of(wanted) : second);
        if (!path.get(path.size() - 1).equals(held)) {
            path.add(held);
        }
        for (int i = 0; i + 1 < path.size(); i++) {
            nodes.add(task(path.get(i), path.get(i + 1)));
        }
        return nodes;
    }

    /** Returns the lock that the interrupt in the scenario waits for. */
    static Optional<String> interrupting(Details.Locks locks) {
        return inversion(locks.scenario()).stream()
                .filter(node -> CPU.equals(node.holds()))
                .map(CycleNode::waitsFor)
                .findFirst();
    }

    private record Interrupted(boolean yes, List<String> before, List<String> after) {
        void add(String lock) {
            (yes ? after : before).add(lock);
        }
    }

    /** Two CPUs: each holds the first lock that it takes and waits for the last one. */
    private static List<CycleNode> scenario(List<Step> steps) {
        List<String> first = steps.stream()
                .filter(step -> step.column() == 0)
                .flatMap(step -> lockOf(step).stream())
                .toList();
        List<String> second = steps.stream()
                .filter(step -> step.column() == 1)
                .flatMap(step -> lockOf(step).stream())
                .toList();
        if (first.isEmpty() || second.isEmpty()) {
            return List.of();
        }
        return List.of(
                task(first.get(0), first.get(first.size() - 1)), task(second.get(0), second.get(second.size() - 1)));
    }

    private static Optional<String> lockOf(Step step) {
        int open = step.action().indexOf('(');
        int close = step.action().lastIndexOf(')');
        return step.action().contains("lock(") && close > open
                ? Optional.of(step.action().substring(open + 1, close).replaceFirst("#\\d+(?=$|/)", ""))
                : Optional.empty();
    }

    private static CycleNode task(String holds, String waitsFor) {
        return new CycleNode("task", OptionalInt.empty(), holds, waitsFor);
    }

    private static String name(HeldLock lock) {
        LockRef ref = lock.lock();
        return ref.lockClass().orElse(ref.name());
    }
}
