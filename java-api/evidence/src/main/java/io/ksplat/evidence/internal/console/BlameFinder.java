// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.internal.console.KernelFunctions.Area;
import io.ksplat.evidence.internal.console.Trace.Entry;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

    /** What a problem seldom belongs to: it is where the kernel noticed it. */
    private static final Set<Area> WALLS =
            EnumSet.of(Area.REPORT, Area.LOCK, Area.ENTRY, Area.LIB, Area.CORE, Area.WORK);

    /** What any code calls. */
    private static final Set<Area> BRICKS =
            EnumSet.of(Area.REPORT, Area.LOCK, Area.ENTRY, Area.ALLOC, Area.LIB, Area.CORE, Area.WORK, Area.SCHED);

    /** What any code that takes a lock calls: a workqueue's own locks belong to it. */
    private static final Set<Area> BELOW = EnumSet.of(Area.REPORT, Area.LOCK, Area.ENTRY, Area.ALLOC, Area.LIB);

    /** What may take a lock for its caller. */
    private static final Set<Area> TAKERS = EnumSet.of(Area.REPORT, Area.LOCK, Area.TIME);

    /** What sleeps for its caller. */
    private static final Set<Area> SLEEPS =
            EnumSet.of(Area.REPORT, Area.LOCK, Area.ENTRY, Area.ALLOC, Area.LIB, Area.SCHED, Area.TIME, Area.IDLE);

    /** What a hung task waits in. A trace of it has no reports in it. */
    private static final Set<Area> WAITS =
            EnumSet.of(Area.LOCK, Area.ENTRY, Area.TIME, Area.SCHED, Area.ALLOC, Area.LIB, Area.IDLE);

    /** What lies between the code of a stuck CPU and the report of it, or spins for its caller. */
    private static final Set<Area> INTERRUPTS =
            EnumSet.of(Area.REPORT, Area.LOCK, Area.ENTRY, Area.IDLE, Area.TIME, Area.SCHED, Area.LIB);

    private static final Set<Area> CLOCKS = EnumSet.of(Area.TIME);

    private static final Set<Area> ENTRIES = EnumSet.of(Area.ENTRY);

    /** What calls a function that is to wait for it: the actions of wait_on_bit() and the like (kernel/sched/wait_bit.c). */
    private static final Set<Area> CALLS_TO_WAIT = EnumSet.of(Area.LOCK, Area.SCHED);

    /** If nothing else can be named. */
    private static final Set<Area> NEVER = EnumSet.of(Area.REPORT, Area.LOCK, Area.SCHED);

    private static final Pattern LAST_FUNCTION = Pattern.compile("^\\s*last function: ([\\w.]+)");
    private static final Pattern WORK_FUNCTION = Pattern.compile("\\bworkfn=([\\w.]+)");

    /** show_fault_oops() of x86, die_kernel_fault() of arm64 and riscv, bad_kernel_fault() of powerpc. */
    private static final Pattern JUMP = Pattern.compile(
            "supervisor instruction fetch|tried to execute (?:NX-protected|user|exec-protected)|kernel execute from non-executable|kernel instruction fetch");

    /** The number of lines in which a head and what belongs to it lie. */
    private static final int MOST_HEAD = 24;

    private BlameFinder() {}

    /** Returns the function to name, in the form that titles use. */
    static Optional<String> find(Report report, List<Trace> traces, Details details, Rule.Blame blame) {
        return untitled(report, traces, details, blame).map(Names::title);
    }

    private static Optional<String> untitled(Report report, List<Trace> traces, Details details, Rule.Blame blame) {
        boolean sleeps = report.rule().kind() == EvidenceKind.ATOMIC_SLEEP
                || report.rule().family() == Rule.Family.PANIC;
        return switch (blame) {
            case NONE -> Optional.empty();
            case NAMED -> report.named("f");
            case HEAD ->
                report.named("f")
                        .filter(function -> !HelperFunctions.is(function)
                                && !isIn(report.rule().family() == Rule.Family.MEMORY ? BRICKS : WALLS, function))
                        .or(() -> stack(traces));
            case PC -> {
                List<Trace> traced = isJump(report)
                        ? traces.stream().map(Trace::withoutPointer).toList()
                        : traces;
                yield stack(traced, WALLS).or(() -> pointer(traces));
            }
            case STACK ->
                program(report, traces)
                        .or(() -> stack(traces, sleeps ? SLEEPS : BRICKS)
                                .or(() -> stack(traces, NEVER))
                                .or(() -> any(traces)));
            case TAKING ->
                taking(report)
                        .filter(at -> !HelperFunctions.is(at) && !isIn(TAKERS, at) || Locking.isDeferral(at))
                        .or(() -> stack(traces, TAKERS));
            case SAFE ->
                labelled(traces, "became safe").or(() -> taking(report)).or(() -> stack(traces));
            case HOLDING -> first(report, AT).or(() -> stack(traces));
            case BUSY -> busy(traces, stuck(report, details));
            case SPINNING -> spinning(suspects(traces, stuck(report, details)));
            case IN_FLIGHT ->
                StallReader.inFlight(report, stuck(report, details)).stream().findFirst();
            case WAITING -> waiting(traces);
            case LAST_WORK -> first(report, LAST_FUNCTION).or(() -> first(report, WORK_FUNCTION));
            case ALLOCATING -> without(ALLOCATORS, traces);
            case FREEING -> without(FREEING, traces);
        };
    }

    /** Returns the CPUs that the report calls stuck. */
    private static List<Integer> stuck(Report report, Details details) {
        return details instanceof Details.Stall stall ? stall.cpus() : StallReader.cpus(report);
    }

    /** Returns whether the CPU jumped to what is no code: a symbol that is found there is that of data. */
    private static boolean isJump(Report report) {
        return report.lines.stream()
                .limit(MOST_HEAD)
                .anyMatch(line -> JUMP.matcher(line.text()).find());
    }

    private static boolean isWorthNaming(String function) {
        return !HelperFunctions.is(function) && !isIn(BELOW, function);
    }

    private static boolean isIn(Set<Area> areas, String function) {
        return KernelFunctions.area(function).filter(areas::contains).isPresent();
    }

    private static Optional<String> labelled(List<Trace> traces, String label) {
        return traces.stream()
                .filter(trace -> label.equals(trace.label()))
                .map(BlameFinder::first)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<String> without(Pattern bricks, List<Trace> traces) {
        return traces.stream()
                .map(trace -> first(trace, function -> !bricks.matcher(function).find() && isWorthNaming(function)))
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
        return stack(traces, BRICKS);
    }

    private static Optional<String> stack(List<Trace> traces, Set<Area> areas) {
        return traces.stream()
                .filter(trace -> trace.isMain())
                .map(trace -> first(
                        trace,
                        function -> !LOCKS.matcher(Names.plain(function)).find()
                                && !HelperFunctions.is(function)
                                && !isIn(areas, function)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Returns the BPF program that a stream's report is about. */
    private static Optional<String> program(Report report, List<Trace> traces) {
        return report.rule().family() == Rule.Family.STREAM
                ? traces.stream()
                        .flatMap(trace -> functions(trace, entry -> true))
                        .filter(Names::isProgram)
                        .findFirst()
                : Optional.empty();
    }

    /** Returns the first function that neither reports nor locks: a trace that was cut off may have nothing but helpers. */
    private static Optional<String> any(List<Trace> traces) {
        return traces.stream()
                .filter(trace -> trace.isMain())
                .map(trace -> first(
                        trace, function -> !LOCKS.matcher(Names.plain(function)).find() && !isIn(NEVER, function)))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** Returns the first certain function of a trace that is no helper. If no frame is certain, returns the first uncertain one. */
    static Optional<String> first(Trace trace) {
        return first(trace, BlameFinder::isWorthNaming);
    }

    private static Optional<String> first(Trace trace, Predicate<String> which) {
        return likely(trace).stream().filter(which).findFirst();
    }

    /** Returns the certain functions of a trace, or all if none is: kernels without frame pointers and without ORC only guess. */
    private static List<String> likely(Trace trace) {
        boolean guesses =
                trace.entries().stream().noneMatch(entry -> entry.frame().certain());
        return functions(trace, entry -> guesses || entry.frame().certain()).toList();
    }

    private static Stream<String> functions(Trace trace, Predicate<Entry> which) {
        return trace.entries().stream().filter(which).map(entry -> entry.frame().function());
    }

    private static Optional<String> busy(List<Trace> traces, List<Integer> stuck) {
        List<Trace> suspects = suspects(traces, stuck);
        return suspects.stream()
                .map(EntryPoints::innermost)
                .flatMap(Optional::stream)
                .findFirst()
                .or(() -> spinning(suspects));
    }

    private static Optional<String> spinning(List<Trace> suspects) {
        return suspects.stream()
                .map(BlameFinder::withoutClock)
                .map(trace -> first(
                        trace,
                        function -> !TimerFrames.is(function)
                                && !HelperFunctions.is(function)
                                && !isIn(INTERRUPTS, function)))
                .flatMap(Optional::stream)
                .findFirst()
                .or(() -> pointer(suspects));
    }

    /**
     * Returns a trace without the handler of the clock's interrupt, which a driver of each clock has: the kernel's interrupts (kernel/irq) call it, and it
     * calls the kernel's clocks (kernel/time).
     */
    private static Trace withoutClock(Trace trace) {
        List<Entry> certain = trace.entries().stream()
                .filter(entry -> entry.frame().certain())
                .toList();
        for (int i = 1; i + 1 < certain.size(); i++) {
            if (isIn(CLOCKS, certain.get(i - 1).frame().function())
                    && isIn(ENTRIES, certain.get(i + 1).frame().function())) {
                return trace.without(certain.get(i));
            }
        }
        return trace;
    }

    /** Returns the function in which the CPU was, if its trace was lost or tells nothing. */
    private static Optional<String> pointer(List<Trace> suspects) {
        return suspects.stream()
                .flatMap(trace -> trace.entries().stream())
                .filter(Entry::pointer)
                .map(entry -> entry.frame().function())
                .filter(function -> KernelFunctions.area(function)
                        .filter(area -> area == Area.IDLE)
                        .isEmpty())
                .findFirst();
    }

    /** Returns the traces of the CPUs that the head names, or all that may be theirs if none names its CPU. */
    private static List<Trace> suspects(List<Trace> traces, List<Integer> stuck) {
        List<Trace> busy = traces.stream().filter(BlameFinder::isBusy).toList();
        List<Trace> theirs = busy.stream()
                .filter(trace ->
                        trace.cpu().isPresent() && stuck.contains(trace.cpu().getAsInt()))
                .toList();
        Stream<Trace> nobodys = busy.stream().filter(trace -> trace.cpu().isEmpty() || stuck.isEmpty());
        return Stream.concat(theirs.stream(), nobodys.filter(trace -> !theirs.contains(trace)))
                .toList();
    }

    /** Excludes RCU's grace-period kthread: it starves like everyone else. */
    private static boolean isBusy(Trace trace) {
        return trace.isMain()
                && functions(trace, entry -> true)
                        .noneMatch(
                                function -> function.startsWith("rcu_gp_kthread") || function.equals("rcu_gp_fqs_loop"))
                && trace.task()
                        .filter(task -> task.comm().matches("rcu_(?:sched|preempt|bh)"))
                        .isEmpty();
    }

    private static Optional<String> waiting(List<Trace> traces) {
        List<String> functions = traces.stream()
                .filter(trace -> "task".equals(trace.label()))
                .findFirst()
                .map(BlameFinder::likely)
                .orElse(List.of());
        for (int i = 0; i < functions.size(); i++) {
            String function = functions.get(i);
            boolean waits = i + 1 < functions.size() && isIn(CALLS_TO_WAIT, functions.get(i + 1));
            if (!waits && !Locking.isWait(function) && !HelperFunctions.is(function) && !isIn(WAITS, function)) {
                return Optional.of(function);
            }
        }
        return Optional.empty();
    }
}
