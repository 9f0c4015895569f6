// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.evidence.Task;
import io.ksplat.evidence.internal.CycleSentences;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** Evidence for people: its title, its cycle, its stacks. */
public final class EvidenceText {
    private EvidenceText() {}

    public static String of(Evidence found) {
        StringBuilder text = new StringBuilder(brief(found));
        for (Stack stack : found.stacks()) {
            text.append(of(stack, Integer.MAX_VALUE));
        }
        return text.toString();
    }

    /** Its title and its cycle. */
    public static String brief(Evidence found) {
        StringBuilder text = new StringBuilder();
        text.append(found.kind().id()).append(": ").append(found.title()).append('\n');
        CycleSentences.of(found)
                .forEach(sentence -> text.append("  ").append(sentence).append('\n'));
        if (found.details() instanceof Details.Waits waits) {
            waits.waits().forEach(wait -> text.append("  ").append(of(wait)).append('\n'));
            waits.holding().forEach(task -> text.append("  ").append(of(task)).append('\n'));
        }
        return text.toString();
    }

    private static String of(Details.Wait wait) {
        StringBuilder text = new StringBuilder(wait.lock().name())
                .append(wait.lock().address().map(address -> " at " + address).orElse(""))
                .append(" = 0x")
                .append(Long.toHexString(wait.word()));
        wait.tail().ifPresent(cpu -> text.append(", CPU ").append(cpu).append(" last in its queue"));
        text.append(", wanted by ").append(who(wait.context(), wait.cpu(), wait.task()));
        Optional<Details.Owner> owner = wait.owner();
        if (owner.isEmpty()) {
            return text.append(": owner unknown").toString();
        }
        text.append(": held by ").append(who(owner.get().context(), owner.get().cpu()));
        text.append(named(owner.get().task()));
        return text.append(owner.get().inferred() ? ", inferred: " : ": ")
                .append(owner.get().because())
                .toString();
    }

    private static String named(Optional<Task> task) {
        return task.map(known -> " (" + known.comm() + "/" + known.pid() + ")").orElse("");
    }

    private static String of(Details.Holding holding) {
        return holding.task().comm() + "/" + holding.task().pid() + " holds "
                + holding.locks().stream()
                        .map(held -> held.lock().name()
                                + held.at().map(at -> " (taken in " + at + ")").orElse(""))
                        .collect(Collectors.joining(", "));
    }

    /** What sleeps is on no CPU, and known by its task. */
    private static String who(String context, OptionalInt cpu, Optional<Task> task) {
        return who(context, cpu) + (cpu.isEmpty() ? named(task) : "");
    }

    private static String who(String context, OptionalInt cpu) {
        return context + (cpu.isPresent() ? " on CPU " + cpu.getAsInt() : "");
    }

    /** A stack, of which at most {@code limit} frames are shown. */
    public static String of(Stack stack, int limit) {
        StringBuilder text = new StringBuilder("  ");
        stack.cpu().ifPresent(cpu -> text.append("CPU ").append(cpu).append(", "));
        text.append(stack.context())
                .append(stack.cpu().isEmpty() ? named(stack.task()) : "")
                .append(":\n");
        int shown = 0;
        for (Frame frame : stack.frames()) {
            if (shown++ == limit) {
                text.append("    ... ").append(stack.frames().size() - limit).append(" more\n");
                break;
            }
            text.append("    ").append(of(frame)).append('\n');
        }
        return text.toString();
    }

    private static String of(Frame frame) {
        StringBuilder text = new StringBuilder(frame.certain() ? "" : "? ").append(frame.function());
        frame.offset().ifPresent(offset -> text.append("+0x").append(Long.toHexString(offset)));
        frame.file().ifPresent(file -> {
            text.append(" at ").append(file);
            frame.line().ifPresent(line -> text.append(':').append(line));
        });
        return text.append(frame.inlined() ? " (inlined)" : "").toString();
    }
}
