// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Source;
import io.ksplat.evidence.Stack;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Tells from the kernel's own reports of stalls that CPUs wait for locks for good, on a machine into which nobody sees. Each CPU whose
 * heart stands still must be shown in a lock's slow path: one that is elsewhere may hold the lock and come back. A CPU that beats holds no
 * spin lock for as long.
 */
public final class StalledCpus {
    private static final Set<EvidenceKind> REPORTS =
            Set.of(EvidenceKind.RCU_STALL, EvidenceKind.SOFT_LOCKUP, EvidenceKind.HARD_LOCKUP);

    /** kernel/locking/qspinlock.c, qrwlock.c. */
    private static final Pattern SLOW_PATH =
            Pattern.compile("(native_|__pv_)?queued_(spin|read|write)_lock_slowpath(\\..+)?");

    private StalledCpus() {}

    /**
     * Returns evidence that CPUs are stuck.
     *
     * @param found what the console has reported
     * @param still the CPUs whose hearts stand still
     * @param asked where CPUs are, as the kernel says when somebody asks: a detector need not report each of them
     * @return empty if there is none, or one of them is not shown to wait
     */
    public static Optional<Evidence> stuck(List<Evidence> found, Set<Integer> still, List<Stack> asked) {
        Map<Integer, Stack> waiting = new LinkedHashMap<>();
        for (Evidence report : found) {
            if (REPORTS.contains(report.kind()) && report.source() == Source.CONSOLE) {
                add(report.stacks(), waiting);
            }
        }
        // That a CPU was asked for where it is makes no stall of it.
        if (still.stream().noneMatch(waiting::containsKey)) {
            return Optional.empty();
        }
        add(asked, waiting);
        if (!waiting.keySet().containsAll(still)) {
            return Optional.empty();
        }
        List<Stack> stacks = new ArrayList<>();
        still.forEach(cpu -> stacks.add(waiting.get(cpu)));
        Stack first = stacks.get(0);
        String where = slowPath(first).map(Frame::function).orElseThrow();
        String caller = caller(first).orElse(where);
        String who = still.size() == 1
                ? "CPU " + still.iterator().next() + " is stuck in " + where
                        + ", as the kernel reports, and its heart stands still"
                : "CPUs " + new TreeSet<>(still) + " are stuck in " + where
                        + ", as the kernel reports, and their hearts stand still";
        return Optional.of(Evidence.builder(EvidenceKind.CPU_STUCK, who, "cpu-stuck:" + caller)
                .cpu(still.iterator().next())
                .function(caller)
                .stacks(stacks)
                .source(Source.OUTSIDE)
                .build());
    }

    private static void add(List<Stack> stacks, Map<Integer, Stack> waiting) {
        for (Stack stack : stacks) {
            if (stack.cpu().isPresent() && slowPath(stack).isPresent()) {
                waiting.putIfAbsent(stack.cpu().getAsInt(), stack);
            }
        }
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
                .filter(name -> !name.matches("_*(raw_)?(spin|read|write)_lock.*|do_raw_.*"))
                .findFirst();
    }
}
