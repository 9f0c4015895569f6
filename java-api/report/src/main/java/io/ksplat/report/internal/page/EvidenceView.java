// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.HeldLock;
import io.ksplat.evidence.LockRef;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.internal.CycleSentences;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A piece of evidence.
 *
 * @param inConsole whether the console on the page has its lines
 */
public record EvidenceView(int number, Evidence found, List<StackCard> stacks, boolean inConsole) {
    private static final int FACTS = 40;

    public EvidenceView {
        stacks = List.copyOf(stacks);
    }

    static EvidenceView of(int number, Evidence found, boolean console) {
        return new EvidenceView(
                number,
                found,
                StackCard.of(found.stacks()),
                console && found.source() == Source.CONSOLE && found.line().isPresent());
    }

    /** What a list of facts shows of it, beside its title. */
    public record Fact(String name, String text) {}

    public List<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        facts.add(new Fact("kind", found.kind().id() + ", " + Words.source(found)));
        found.function().ifPresent(name -> facts.add(new Fact("look first at", name)));
        if (found.cpu().isPresent()) {
            facts.add(new Fact("CPU", Integer.toString(found.cpu().getAsInt())));
        }
        found.task().ifPresent(task -> facts.add(new Fact("task", Words.task(task))));
        found.incident()
                .ifPresent(name -> facts.add(new Fact(
                        "incident",
                        name + found.role().map(role -> ", " + role.id()).orElse(""))));
        if (found.count() > 1) {
            facts.add(new Fact("reported", found.count() + " times"));
        }
        if (found.seconds().isPresent()) {
            facts.add(new Fact(
                    "stuck for",
                    String.format(Locale.ROOT, "%.1f s", found.seconds().getAsDouble())));
        }
        if (found.guestSeconds().isPresent()) {
            facts.add(new Fact(
                    "at, by the guest",
                    String.format(Locale.ROOT, "%.6f s", found.guestSeconds().getAsDouble())));
        }
        found.wallTime().ifPresent(time -> facts.add(new Fact("at", time)));
        if (found.line().isPresent()) {
            facts.add(new Fact("line of the log", Long.toString(found.line().getAsLong())));
        }
        if (found.preemptCount().isPresent()) {
            facts.add(new Fact(
                    "preempt_count",
                    "0x" + Integer.toHexString(found.preemptCount().getAsInt())));
        }
        if (!found.inFlight().isEmpty()) {
            facts.add(new Fact("work in flight", String.join(", ", found.inFlight())));
        }
        if (!found.blocked().isEmpty()) {
            facts.add(new Fact(
                    "blocked tasks",
                    String.join(", ", found.blocked().stream().map(Words::task).toList())));
        }
        limited(CycleSentences.of(found)).forEach(sentence -> facts.add(new Fact("in the cycle", sentence)));
        limited(found.locks()).forEach(lock -> facts.add(new Fact("lock", of(lock))));
        if (found.details() instanceof Details.Waits waits) {
            limited(waits.waits()).forEach(wait -> facts.add(new Fact("wait", of(wait))));
            limited(waits.holding()).forEach(holding -> facts.add(new Fact("holding", of(holding))));
        }
        if (found.details() instanceof Details.Locks locks) {
            limited(locks.held()).forEach(held -> facts.add(new Fact("held", of(held))));
            limited(locks.wanted()).forEach(wanted -> facts.add(new Fact("wanted", of(wanted))));
        }
        facts.add(new Fact("signature", found.signature()));
        return facts;
    }

    private static <T> List<T> limited(List<T> all) {
        return all.subList(0, Math.min(FACTS, all.size()));
    }

    private static String of(LockRef lock) {
        StringBuilder text = new StringBuilder(lock.name());
        lock.address().ifPresent(address -> text.append(" at ").append(address));
        if (lock.value().isPresent()) {
            text.append(" = 0x").append(Long.toHexString(lock.value().getAsLong()));
        }
        lock.heldAt().ifPresent(at -> text.append(", taken in ").append(at));
        lock.wantedAt().ifPresent(at -> text.append(", wanted in ").append(at));
        lock.owner()
                .ifPresent(owner -> text.append(", owner: ")
                        .append(Words.who(owner.context().orElse("task"), owner.cpu(), owner.task()))
                        .append(" (")
                        .append(owner.how().id())
                        .append(": ")
                        .append(owner.because())
                        .append(')'));
        return text.toString();
    }

    private static String of(Details.Wait wait) {
        StringBuilder text = new StringBuilder(Words.who(wait.context(), wait.cpu(), wait.task()))
                .append(" waits for ")
                .append(wait.lock().name())
                .append(wait.lock().address().map(address -> " at " + address).orElse(""))
                .append(" = 0x")
                .append(Long.toHexString(wait.word()));
        if (wait.tail().isPresent()) {
            text.append(", CPU ").append(wait.tail().getAsInt()).append(" last in its queue");
        }
        return text.append(wait.owner()
                        .map(owner -> ", held by " + Words.who(owner.context(), owner.cpu(), owner.task())
                                + (owner.inferred() ? ", inferred: " : ": ") + owner.because())
                        .orElse(", owner not known"))
                .toString();
    }

    private static String of(Details.Holding holding) {
        return Words.task(holding.task()) + " holds "
                + String.join(
                        ", ", holding.locks().stream().map(EvidenceView::of).toList());
    }

    private static String of(HeldLock held) {
        return held.lock().name() + held.at().map(at -> ", taken in " + at).orElse("");
    }
}
