// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Task;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Tells the cycle of a deadlock: who holds what, taken where, and who wants it where. Whoever was interrupted comes before the interrupt. */
public final class CycleSentences {
    /** What the context that was interrupted waits for, and what the interrupt holds. */
    private static final String CPU = "the CPU";

    /** Reports of what may happen: lockdep has seen the locks taken, but not all at one time. */
    private static final Set<EvidenceKind> PREDICTED = EnumSet.of(
            EvidenceKind.LOCKDEP_CIRCULAR,
            EvidenceKind.LOCKDEP_RECURSIVE,
            EvidenceKind.LOCKDEP_INCONSISTENT,
            EvidenceKind.LOCKDEP_INVERSION);

    private final Evidence found;
    private final boolean predicted;

    private CycleSentences(Evidence found) {
        this.found = found;
        this.predicted = PREDICTED.contains(found.kind());
    }

    /** Returns one sentence a node; none if the cycle is not known. */
    public static List<String> of(Evidence found) {
        CycleSentences sentences = new CycleSentences(found);
        List<CycleNode> nodes = interruptedFirst(found.cycle());
        List<String> told = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            String sentence = sentences.sentence(nodes.get(i), nodes, i);
            told.add(i == 0 && sentences.predicted ? "Lockdep predicts: " + sentence : capitalized(sentence));
        }
        return told;
    }

    private static String capitalized(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }

    /** A cycle may begin anywhere: turns it so that no interrupt stands before what it interrupts. */
    private static List<CycleNode> interruptedFirst(List<CycleNode> cycle) {
        for (int i = 0; i < cycle.size(); i++) {
            if (cycle.get(i).waitsFor().equals(CPU)) {
                List<CycleNode> turned = new ArrayList<>(cycle.subList(i, cycle.size()));
                turned.addAll(cycle.subList(0, i));
                return turned;
            }
        }
        return cycle;
    }

    private String sentence(CycleNode node, List<CycleNode> nodes, int place) {
        if (node.holds().equals(CPU)) {
            boolean again =
                    nodes.get((place + nodes.size() - 1) % nodes.size()).holds().equals(node.waitsFor());
            return who(node, place) + (place > 0 ? " interrupts it and" : "") + " wants " + lock(node, again)
                    + in(wantedAt(node)) + (again ? ", which cannot be released before it returns." : ".");
        }
        String holds = who(node, place) + " holds " + node.holds() + (node.inferred() ? " (inferred)" : "");
        String taken = heldAt(node).map(at -> ", taken in " + at).orElse("");
        if (node.waitsFor().equals(CPU)) {
            return holds + taken + ".";
        }
        boolean again = node.holds().equals(node.waitsFor());
        return holds + taken + (taken.isEmpty() ? "" : ",") + " and wants " + (again ? "it again" : node.waitsFor())
                + in(wantedAt(node)) + ".";
    }

    private static String lock(CycleNode node, boolean again) {
        return again ? "the same lock" : node.waitsFor();
    }

    private static String in(Optional<String> function) {
        return function.map(at -> " in " + at).orElse("");
    }

    private static String who(CycleNode node, int place) {
        Optional<Task> task = node.task();
        String who = switch (node.context()) {
            case "task" ->
                task.map(known -> "task " + known.comm() + "/" + known.pid())
                        .orElse(place == 0 ? "a task" : "another task");
            case "NMI" -> "an NMI";
            case "irq" -> "an interrupt";
            default -> "a " + node.context();
        };
        return cpu(node.cpu()) + who;
    }

    private static String cpu(OptionalInt cpu) {
        return cpu.isPresent() ? "CPU " + cpu.getAsInt() + ": " : "";
    }

    private Optional<String> heldAt(CycleNode node) {
        if (!(found.details() instanceof Details.Locks locks)) {
            return seen(node.holds()).flatMap(LockRef::heldAt);
        }
        if (found.kind() == EvidenceKind.LOCKDEP_INCONSISTENT) {
            return isInterruptNow(locks) ? locks.registeredAt() : at(locks.wanted(), node.holds());
        }
        return isReporter(node, locks) ? at(locks.held(), node.holds()) : Optional.empty();
    }

    private Optional<String> wantedAt(CycleNode node) {
        if (!(found.details() instanceof Details.Locks locks)) {
            return seen(node.waitsFor()).flatMap(LockRef::wantedAt);
        }
        if (found.kind() == EvidenceKind.LOCKDEP_INCONSISTENT) {
            return isInterruptNow(locks) ? at(locks.wanted(), node.waitsFor()) : locks.registeredAt();
        }
        if (isReporter(node, locks)) {
            return at(locks.wanted(), node.waitsFor());
        }
        return node.holds().equals(CPU) ? locks.registeredAt() : at(links(locks), node.waitsFor());
    }

    private Optional<LockRef> seen(String name) {
        return found.locks().stream().filter(lock -> lock.name().equals(name)).findFirst();
    }

    /** The task that lockdep stopped holds the one lock and is about to take the other. */
    private static boolean isReporter(CycleNode node, Details.Locks locks) {
        return find(locks.held(), node.holds()).isPresent()
                && find(locks.wanted(), node.waitsFor()).isPresent();
    }

    /** Whether the report came from the interrupt, and the state of the lock from a task before. */
    private static boolean isInterruptNow(Details.Locks locks) {
        return locks.usage().filter(usage -> usage.now().startsWith("IN-")).isPresent();
    }

    private static List<HeldLock> links(Details.Locks locks) {
        return locks.chain().stream().map(Details.Dependency::lock).toList();
    }

    private static Optional<String> at(List<HeldLock> locks, String name) {
        return find(locks, name).flatMap(HeldLock::at);
    }

    private static Optional<HeldLock> find(List<HeldLock> locks, String name) {
        return locks.stream()
                .filter(lock -> lock.lock().name().equals(name)
                        || lock.lock().lockClass().filter(name::equals).isPresent())
                .findFirst();
    }
}
