// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;

/** Writes the facts of evidence as text for review: one line for the evidence and for each lock, node and stack with facts. */
final class FactsText {
    private FactsText() {}

    static String of(Evidence evidence) {
        StringBuilder text = new StringBuilder(evidence.kind().id());
        evidence.line().ifPresent(line -> text.append(", line ").append(line));
        text.append(who(evidence.cpu(), evidence.task()));
        evidence.seconds()
                .ifPresent(seconds -> text.append(", ").append(seconds).append(" s"));
        text.append(evidence.count() == 1 ? "" : ", " + evidence.count() + " times");
        evidence.incident().ifPresent(incident -> text.append(", incident ").append(incident));
        evidence.role().ifPresent(role -> text.append(", ").append(role.id()));
        evidence.wallTime().ifPresent(time -> text.append(", at ").append(time));
        evidence.preemptCount()
                .ifPresent(count -> text.append(", preempt_count ").append(count));
        text.append(evidence.inFlight().isEmpty() ? "" : ", in flight " + evidence.inFlight());
        text.append(evidence.blocked().isEmpty() ? "" : ", blocked " + evidence.blocked());
        text.append('\n');
        for (LockRef lock : evidence.locks()) {
            String known = of(lock);
            text.append(known.isEmpty() ? "" : "    lock " + lock.name() + known + "\n");
        }
        for (CycleNode node : evidence.cycle()) {
            String known = who(OptionalInt.empty(), node.task());
            text.append(known.isEmpty() ? "" : "    waits for " + node.waitsFor() + known + "\n");
        }
        for (Stack stack : evidence.stacks()) {
            String known = who(stack.cpu(), stack.task());
            text.append(known.isEmpty() ? "" : "    stack " + stack.context() + known + "\n");
        }
        return text.toString();
    }

    private static String of(LockRef lock) {
        return lock.value().stream()
                        .mapToObj(value -> ", 0x" + Long.toHexString(value))
                        .findFirst()
                        .orElse("")
                + lock.wantedAt().map(at -> ", wanted at " + at).orElse("")
                + lock.heldAt().map(at -> ", held at " + at).orElse("")
                + lock.owner()
                        .map(owner -> ", owner by " + owner.how().id() + who(owner.cpu(), owner.task()))
                        .orElse("");
    }

    private static String who(OptionalInt cpu, Optional<Task> task) {
        return (cpu.isPresent() ? ", CPU " + cpu.getAsInt() : "")
                + task.map(known -> ", " + known.comm() + "/" + known.pid()).orElse("");
    }
}
