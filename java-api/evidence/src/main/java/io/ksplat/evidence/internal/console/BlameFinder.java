// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.internal.console.Trace.Entry;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the function that a title names. */
final class BlameFinder {
    private static final Pattern AT = Pattern.compile("\\bat: (?:\\[<[0-9a-f]+>\\] )?([A-Za-z_][\\w.]*)");

    /** Wrappers of allocators. A leak belongs to their callers. */
    private static final Pattern ALLOCATORS = Pattern.compile("alloc|^create_object$|dup$");

    /** Wrappers of locks. They matter only if the report is about taking the lock. */
    private static final Pattern LOCKS =
            Pattern.compile("(?:_lock|_unlock|_trylock|^unlock_\\w+)(?:_nested|_irq\\w*|_bh)?$|panic$");

    /** Functions that free pages. The last user of the page is to blame. */
    private static final Pattern FREEING = Pattern.compile(
            "free|release|drop|^_*skb_|page_|^_*put_|receive_skb|backlog|napi|net_rx|^_*kmem|slab|folio");

    private static final Pattern LAST_FUNCTION = Pattern.compile("^\\s*last function: ([\\w.]+)");
    private static final Pattern WORK_FUNCTION = Pattern.compile("\\bworkfn=([\\w.]+)");

    private BlameFinder() {}

    /** Returns the function to name, in the form that titles use. */
    static Optional<String> find(Report report, List<Trace> traces, Rule.Blame blame) {
        return untitled(report, traces, blame).map(Names::title);
    }

    private static Optional<String> untitled(Report report, List<Trace> traces, Rule.Blame blame) {
        return switch (blame) {
            case NONE -> Optional.empty();
            case NAMED -> report.named("f");
            case HEAD -> report.named("f").filter(BlameFinder::isWorthNaming).or(() -> stack(traces));
            case PC, STACK -> stack(traces);
            case TAKING ->
                taking(report)
                        .filter(at -> isWorthNaming(at) || Locking.isDeferral(at))
                        .or(() -> stack(traces));
            case SAFE ->
                labelled(traces, "became safe").or(() -> taking(report)).or(() -> stack(traces));
            case HOLDING -> first(report, AT).or(() -> stack(traces));
            case BUSY -> busy(traces);
            case SPINNING -> spinning(traces.stream().filter(BlameFinder::isBusy));
            case WAITING -> waiting(traces);
            case LAST_WORK -> first(report, LAST_FUNCTION).or(() -> first(report, WORK_FUNCTION));
            case ALLOCATING -> without(ALLOCATORS, traces);
            case FREEING -> without(FREEING, traces);
        };
    }

    private static boolean isWorthNaming(String function) {
        return !HelperFunctions.is(function);
    }

    private static Optional<String> labelled(List<Trace> traces, String label) {
        return traces.stream()
                .filter(trace -> label.equals(trace.label()))
                .map(trace -> first(trace, entry -> true))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> without(Pattern bricks, List<Trace> traces) {
        return traces.stream()
                .map(trace -> first(
                        trace,
                        entry -> !bricks.matcher(entry.frame().function()).find()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> taking(Report report) {
        boolean near = false;
        for (Line line : report.lines) {
            near |= line.text().contains("trying to acquire lock")
                    || line.text().endsWith("takes:")
                    || line.text().contains("is trying to lock:")
                    || line.text().contains("just changed the state of lock:");
            if (line.text().contains("already holding lock") || line.text().contains("which lock already depends")) {
                return Optional.empty();
            }
            if (near) {
                Matcher at = AT.matcher(line.text());
                if (at.find()) {
                    return Optional.of(at.group(1));
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> first(Report report, Pattern pattern) {
        return report.lines.stream()
                .map(line -> pattern.matcher(line.text()))
                .filter(Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    static Optional<String> stack(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> trace.isMain())
                .map(trace -> first(
                        trace,
                        entry -> !LOCKS.matcher(Names.plain(entry.frame().function()))
                                .find()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Returns the first certain function of a trace that is no helper. If no frame is certain, returns the first uncertain one. */
    static Optional<String> first(Trace trace, Predicate<Entry> which) {
        Optional<String> certain = functions(
                        trace, which.and(entry -> entry.frame().certain()))
                .filter(BlameFinder::isWorthNaming)
                .findFirst();
        boolean guesses =
                trace.entries().stream().noneMatch(entry -> entry.frame().certain());
        return guesses
                ? functions(trace, which).filter(BlameFinder::isWorthNaming).findFirst()
                : certain;
    }

    private static Stream<String> functions(Trace trace, Predicate<Entry> which) {
        return trace.entries().stream().filter(which).map(entry -> entry.frame().function());
    }

    private static Optional<String> busy(List<Trace> traces) {
        List<Trace> suspects = traces.stream().filter(BlameFinder::isBusy).toList();
        return suspects.stream()
                .map(EntryPoints::innermost)
                .flatMap(Optional::stream)
                .findFirst()
                .or(() -> spinning(suspects.stream()));
    }

    private static Optional<String> spinning(Stream<Trace> suspects) {
        return suspects.map(trace ->
                        first(trace, entry -> !TimerFrames.is(entry.frame().function())))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Excludes RCU's grace-period kthread: it starves like everyone else. */
    private static boolean isBusy(Trace trace) {
        return trace.isMain()
                && functions(trace, entry -> true)
                        .noneMatch(function ->
                                function.startsWith("rcu_gp_kthread") || function.equals("rcu_gp_fqs_loop"));
    }

    private static Optional<String> waiting(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> "task".equals(trace.label()))
                .findFirst()
                .flatMap(trace -> functions(trace, entry -> entry.frame().certain())
                        .filter(function -> !Locking.isWait(function) && isWorthNaming(function))
                        .findFirst());
    }
}
