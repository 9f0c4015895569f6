// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Tells from the kernel's own reports of stalls that CPUs wait for locks for good, on a machine into which nobody sees. Each CPU whose
 * heart stands still must be shown in a lock's slow path: one that is elsewhere may hold the lock and come back. But it may also wait for the
 * others to answer. A CPU that beats holds no spin lock for as long, and answers.
 */
public final class StalledCpus {
    private static final Set<EvidenceKind> REPORTS =
            Set.of(EvidenceKind.RCU_STALL, EvidenceKind.SOFT_LOCKUP, EvidenceKind.HARD_LOCKUP);

    /** kernel/locking/qspinlock.c, qrwlock.c. */
    private static final Pattern SLOW_PATH =
            Pattern.compile("(native_|__pv_)?queued_(spin|read|write)_lock_slowpath(\\..+)?");

    /** kernel/smp.c: until other CPUs have answered, of which those that beat do. */
    private static final Pattern ANSWER = Pattern.compile("smp_call_function_(many_cond|single)(\\..+)?");

    private StalledCpus() {}

    /**
     * Returns evidence that CPUs are stuck.
     *
     * @param found what the console has reported, in its order
     * @param still the CPUs whose hearts stand still
     * @param asked where CPUs are, as the kernel says when somebody asks, in its order: a detector need not report each of them
     * @return empty if there is none, or one of them is not shown to wait for a lock or for an answer, or is elsewhere the last time
     */
    public static Optional<Evidence> stuck(List<Evidence> found, Set<Integer> still, List<Stack> asked) {
        List<Stack> told = found.stream()
                .filter(each -> REPORTS.contains(each.kind()) && each.source() == Source.CONSOLE)
                .flatMap(report -> report.stacks().stream())
                .toList();
        Map<Integer, Stack> reported = byCpu(told, StalledCpus::isWaiting);
        // That a CPU was asked for where it is makes no stall of it.
        if (still.stream().noneMatch(reported::containsKey)) {
            return Optional.empty();
        }
        List<Stack> all = Stream.concat(told.stream(), asked.stream()).toList();
        Map<Integer, Stack> waiting = byCpu(all, StalledCpus::isWaiting);
        Map<Integer, Stack> asking = byCpu(all, StalledCpus::isAsking);
        if (!still.stream().allMatch(cpu -> waiting.containsKey(cpu) || asking.containsKey(cpu))
                || hasGoneOn(told, still)
                || hasGoneOn(asked, still)) {
            return Optional.empty();
        }
        // Those come first that it is about: the others got stuck behind them.
        List<Stack> stacks = still.stream()
                .sorted(Comparator.comparing((Integer cpu) -> !reported.containsKey(cpu))
                        .thenComparing(cpu -> !waiting.containsKey(cpu))
                        .thenComparing(cpu -> cpu))
                .map(cpu -> waiting.containsKey(cpu) ? waiting.get(cpu) : asking.get(cpu))
                .toList();
        Stack first = stacks.get(0);
        String where = slowPath(first).map(Frame::function).orElseThrow();
        String caller = caller(first).orElse(where);
        String who = still.size() == 1
                ? "CPU " + still.iterator().next() + " is stuck in " + where
                        + ", as the kernel reports, and its heart stands still"
                : "CPUs " + new TreeSet<>(still) + " are stuck in " + where
                        + ", as the kernel reports, and their hearts stand still";
        return Optional.of(Evidence.builder(EvidenceKind.CPU_STUCK, who, "cpu-stuck:" + caller)
                .cpu(first.cpu().orElseThrow())
                .function(caller)
                .stacks(stacks)
                .source(Source.OUTSIDE)
                .build());
    }

    /** Whether one of these CPUs is shown elsewhere, the last time: it has waited, and may hold the lock now. */
    private static boolean hasGoneOn(List<Stack> stacks, Set<Integer> still) {
        Map<Integer, Stack> last = stacks.stream()
                .filter(stack -> stack.cpu().isPresent())
                .collect(Collectors.toMap(stack -> stack.cpu().getAsInt(), stack -> stack, (older, newer) -> newer));
        return last.entrySet().stream()
                .anyMatch(seen ->
                        still.contains(seen.getKey()) && !isWaiting(seen.getValue()) && !isAsking(seen.getValue()));
    }

    /** Returns the first of these stacks of each CPU. */
    private static Map<Integer, Stack> byCpu(List<Stack> stacks, Predicate<Stack> which) {
        return stacks.stream()
                .filter(stack -> stack.cpu().isPresent() && which.test(stack))
                .collect(Collectors.toMap(stack -> stack.cpu().getAsInt(), stack -> stack, (first, second) -> first));
    }

    private static boolean isWaiting(Stack stack) {
        return slowPath(stack).isPresent();
    }

    /** What it was about before is on its stack as well. */
    private static boolean isAsking(Stack stack) {
        return stack.frames().stream()
                .filter(frame -> frame.certain() && !frame.inlined())
                .findFirst()
                .filter(frame -> ANSWER.matcher(frame.function()).matches())
                .isPresent();
    }

    private static Optional<Frame> slowPath(Stack stack) {
        return stack.frames().stream()
                .filter(frame ->
                        frame.certain() && SLOW_PATH.matcher(frame.function()).matches())
                .findFirst();
    }

    /** Returns the function that wanted the lock: the first below the lock's own. */
    private static Optional<String> caller(Stack stack) {
        return stack.frames().stream()
                .filter(Frame::certain)
                .map(Frame::function)
                .dropWhile(name -> !SLOW_PATH.matcher(name).matches())
                .skip(1)
                .filter(name -> !name.matches("_*(raw_)?(spin|read|write)_lock.*|do_raw_.*|bpf_trampoline_\\d+.*"))
                .findFirst();
    }
}
