// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.CycleNode;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import io.ksplat.results.RunRecord;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A run in one sentence that a maintainer could paste into a mail. */
public final class Sentence {
    private static final int NODES = 4;
    private static final int LONGEST = 900;

    private Sentence() {}

    public static String of(RunRecord run) {
        String sentence = switch (run.verdict()) {
            case CLEAN -> clean(run);
            case ERROR -> run.message().orElse("ksplat failed, and left no reason.");
            case UNSUPPORTED, REJECTED -> run.message().or(() -> told(run)).orElse("No reason is known.");
            case INCONCLUSIVE ->
                run.message().or(() -> failed(run)).or(() -> told(run)).orElse("Nothing decides.");
            case RECOVERED ->
                told(run)
                        .map(what -> "The kernel found a deadlock, broke it and lives: " + what)
                        .orElse("The kernel found a deadlock, broke it and lives.");
            case DEADLOCK, CRASH -> told(run).or(run::message).orElse("No evidence is in the record of the run.");
        };
        return Words.shortened(sentence, LONGEST);
    }

    private static String clean(RunRecord run) {
        int controls = run.controls().size();
        return "No sign of a bug"
                + switch (controls) {
                    case 0 -> ".";
                    case 1 -> ", and the control \"" + run.controls().get(0).name() + "\" passed.";
                    default -> ", and each of " + controls + " controls passed.";
                };
    }

    private static Optional<String> failed(RunRecord run) {
        List<String> failed = run.controls().stream()
                .filter(control -> !control.passed())
                .map(Sentence::failed)
                .toList();
        return failed.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", failed));
    }

    private static String failed(Control control) {
        return "the control \"" + control.name() + "\" failed: " + control.observed() + " observed, " + control.bound()
                + " required";
    }

    private static Optional<String> told(RunRecord run) {
        return first(run).map(Sentence::of);
    }

    /** What is known best: who waits for whom, then what the verdict rests on. */
    public static Optional<Evidence> first(RunRecord run) {
        return run.evidence().stream()
                .min(Comparator.comparing((Evidence found) -> found.role().equals(Optional.of(Evidence.Role.VICTIM)))
                        .thenComparing(found -> found.cycle().isEmpty())
                        .thenComparing(found -> found.source() != Source.OUTSIDE)
                        .thenComparing(found -> found.kind().meaning() != EvidenceKind.Meaning.DEADLOCK));
    }

    static String of(Evidence found) {
        Optional<Details.Wait> interrupted = interrupted(found);
        if (interrupted.isPresent()) {
            return interrupted(found, interrupted.get());
        }
        if (found.cycle().isEmpty()) {
            return found.title() + ".";
        }
        if (found.cycle().size() == 1
                && found.cycle().get(0).holds().equals(found.cycle().get(0).waitsFor())) {
            return ownLock(found, found.cycle().get(0));
        }
        String nodes = found.cycle().stream().limit(NODES).map(Sentence::of).collect(Collectors.joining("; "));
        int more = found.cycle().size() - NODES;
        // Locks without a name say little.
        String look = found.cycle().stream().anyMatch(node -> node.waitsFor().startsWith("0x"))
                ? found.function().map(name -> "; look first at " + name).orElse("")
                : "";
        return nodes + (more > 0 ? "; and " + more + " more in the same cycle" : "") + look + ".";
    }

    /** A context that waits for what it holds itself: the lock may have no name, the functions have. */
    private static String ownLock(Evidence found, CycleNode node) {
        Optional<String> program = found.stacks().stream()
                .filter(stack -> stack.cpu().equals(node.cpu()))
                .flatMap(stack -> stack.frames().stream())
                .map(Words::program)
                .flatMap(Optional::stream)
                .findFirst();
        return Words.who(node.context(), node.cpu(), node.task()) + " holds " + node.holds()
                + (node.inferred() ? " (inferred)" : "") + " and waits for it again"
                + found.function().map(name -> " in " + name).orElse("")
                + program.map(name -> ", called by the BPF program " + name).orElse("") + ".";
    }

    private static String of(CycleNode node) {
        return Words.who(node.context(), node.cpu(), node.task()) + " holds " + node.holds()
                + (node.inferred() ? " (inferred)" : "") + " and waits for " + node.waitsFor();
    }

    /** A wait for a lock that the interrupted context of the same CPU holds. */
    private static Optional<Details.Wait> interrupted(Evidence found) {
        return found.details() instanceof Details.Waits all
                ? all.waits().stream()
                        .filter(wait -> wait.cpu().isPresent()
                                && wait.owner()
                                        .filter(owner -> owner.cpu().equals(wait.cpu())
                                                && !owner.context().equals(wait.context()))
                                        .isPresent())
                        .findFirst()
                : Optional.empty();
    }

    private static String interrupted(Evidence found, Details.Wait wait) {
        Details.Owner owner = wait.owner().orElseThrow();
        String lock = wait.lock().name();
        Optional<String> heldAt = found.locks().stream()
                .filter(known -> known.name().equals(lock))
                .findFirst()
                .flatMap(LockRef::heldAt);
        String held = heldAt.map(at -> " in " + at).orElse("");
        if (owner.inferred()) {
            held += " (inferred: " + owner.because() + ")";
        }
        Optional<Stack> stack = found.stacks().stream()
                .filter(of -> of.cpu().equals(wait.cpu()) && of.context().equalsIgnoreCase(wait.context()))
                .findFirst();
        Optional<String> program = stack.flatMap(of -> of.frames().stream()
                .map(Words::program)
                .flatMap(Optional::stream)
                .findFirst());
        Optional<String> called = found.function()
                .or(() -> stack.map(of -> of.frames())
                        .filter(frames -> !frames.isEmpty())
                        .map(frames -> frames.get(0))
                        .map(Frame::function));
        return "CPU " + wait.cpu().getAsInt() + ": "
                + Words.who(owner.context(), java.util.OptionalInt.empty(), owner.task())
                + " held " + lock + held + "; " + article(wait.context())
                + program.map(name -> " ran the BPF program " + name + ", which")
                        .orElse("")
                + called.map(name -> " called " + name + ", which waits for that lock.")
                        .orElse(" waits for that lock.");
    }

    private static String article(String context) {
        return (context.isEmpty() || "AEIOUNaeiou".indexOf(context.charAt(0)) < 0 ? "a " : "an ") + context;
    }
}
