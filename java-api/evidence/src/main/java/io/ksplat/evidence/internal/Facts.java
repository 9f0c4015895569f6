// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Predicate;

/** Derives the fields that all evidence has from {@link Details}. This is the only place that does. */
public record Facts(OptionalInt cpu, Optional<Task> task, OptionalDouble seconds) {
    private static final Facts NONE = new Facts(OptionalInt.empty(), Optional.empty(), OptionalDouble.empty());

    /** Returns the facts in the details of a kind of evidence. */
    public static Facts of(EvidenceKind kind, Details details) {
        if (details instanceof Details.Stall stall) {
            return of(kind, stall);
        }
        if (details instanceof Details.Waits waits) {
            return waits.waits().stream()
                    .findFirst()
                    .map(wait -> new Facts(wait.cpu(), wait.task(), OptionalDouble.empty()))
                    .orElse(NONE);
        }
        if (details instanceof Details.Hang hang) {
            return new Facts(OptionalInt.empty(), Optional.of(hang.task()), OptionalDouble.of((double) hang.seconds()));
        }
        if (details instanceof Details.Spinlock spinlock) {
            return new Facts(spinlock.cpu(), spinlock.task(), OptionalDouble.empty());
        }
        return new Facts(OptionalInt.empty(), task(details), OptionalDouble.empty());
    }

    /** Only soft lockups name the task of a stuck CPU: the tasks of other stalls may have run on the CPU that detected the stall. */
    private static Facts of(EvidenceKind kind, Details.Stall stall) {
        return new Facts(
                stall.cpus().stream().mapToInt(cpu -> cpu).findFirst(),
                kind == EvidenceKind.SOFT_LOCKUP || stall.cpus().isEmpty()
                        ? stall.tasks().stream().findFirst()
                        : Optional.empty(),
                stall.seconds());
    }

    private static Optional<Task> task(Details details) {
        if (details instanceof Details.Locks locks) {
            return locks.task();
        }
        if (details instanceof Details.Access access) {
            return access.task();
        }
        if (details instanceof Details.Fault fault) {
            return fault.task();
        }
        return details instanceof Details.Stream stream ? stream.task() : Optional.empty();
    }

    /** Adds to locks where they are held and wanted, their values and their owners. */
    public static List<LockRef> locks(List<LockRef> named, Details details) {
        if (details instanceof Details.Locks locks) {
            return named.stream().map(lock -> completed(lock, locks)).toList();
        }
        if (details instanceof Details.Waits waits) {
            return named.stream().map(lock -> completed(lock, waits)).toList();
        }
        return named;
    }

    private static LockRef completed(LockRef lock, Details.Locks locks) {
        LockRef known = lock;
        Optional<HeldLock> wanted = first(locks.wanted(), lock);
        Optional<HeldLock> held = first(locks.held(), lock);
        if (known.wantedAt().isEmpty() && wanted.flatMap(HeldLock::at).isPresent()) {
            known = known.withWantedAt(wanted.flatMap(HeldLock::at).get());
        }
        if (known.heldAt().isEmpty() && held.flatMap(HeldLock::at).isPresent()) {
            known = known.withHeldAt(held.flatMap(HeldLock::at).get());
        }
        return known.owner().isEmpty() && held.isPresent() && locks.task().isPresent()
                ? known.withOwner(new LockRef.Owner(
                        locks.task(),
                        OptionalInt.empty(),
                        Optional.empty(),
                        LockRef.How.LOCKDEP,
                        "lockdep lists it among the locks that the task holds"))
                : known;
    }

    private static Optional<HeldLock> first(List<HeldLock> locks, LockRef named) {
        return locks.stream()
                .filter(lock -> lock.lock().name().equals(named.name())
                        && (named.address().isEmpty() || lock.lock().address().equals(named.address())))
                .findFirst();
    }

    private static LockRef completed(LockRef lock, Details.Waits waits) {
        Optional<Details.Wait> found = waits.waits().stream()
                .filter(wait -> wait.lock().name().equals(lock.name())
                        && wait.lock().address().equals(lock.address()))
                .findFirst();
        if (found.isEmpty()) {
            return lock;
        }
        Details.Wait wait = found.get();
        LockRef known = lock.value().isPresent() ? lock : lock.withValue(wait.word());
        return known.owner().isPresent() || wait.owner().isEmpty()
                ? known
                : known.withOwner(owner(wait.owner().get()));
    }

    private static LockRef.Owner owner(Details.Owner owner) {
        return new LockRef.Owner(
                owner.task(),
                owner.cpu(),
                Optional.of(owner.context()),
                owner.inferred() ? LockRef.How.INFERRED : LockRef.How.WORD,
                owner.because());
    }

    /** Adds to the nodes of a cycle the tasks that wait. */
    public static List<CycleNode> cycle(List<CycleNode> nodes, Details details) {
        return details instanceof Details.Waits waits
                ? nodes.stream()
                        .map(node -> node.task().isPresent() ? node : node.with(task(waits, waiter(node))))
                        .toList()
                : nodes;
    }

    private static Predicate<Details.Wait> waiter(CycleNode node) {
        return node.cpu().isPresent()
                ? wait -> wait.cpu().equals(node.cpu())
                : wait -> wait.cpu().isEmpty() && wait.lock().name().equals(node.waitsFor());
    }

    /** Adds to stacks the tasks of their CPUs. */
    public static List<Stack> stacks(List<Stack> stacks, Details details) {
        if (details instanceof Details.Stream stream) {
            return stacks.stream()
                    .map(stack -> stack.task().isPresent() ? stack : stack.with(stream.task()))
                    .toList();
        }
        return details instanceof Details.Waits waits
                ? stacks.stream()
                        .map(stack -> stack.task().isPresent() || stack.cpu().isEmpty()
                                ? stack
                                : stack.with(task(waits, wait -> wait.cpu().equals(stack.cpu()))))
                        .toList()
                : stacks;
    }

    /** Returns the task of the only wait that matches. If several tasks sleep on one lock, the right one is not known. */
    private static Optional<Task> task(Details.Waits waits, Predicate<Details.Wait> which) {
        List<Details.Wait> found = waits.waits().stream().filter(which).toList();
        return found.size() == 1 ? found.get(0).task() : Optional.empty();
    }
}
