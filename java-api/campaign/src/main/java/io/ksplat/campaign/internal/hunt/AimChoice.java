// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.sweep.SteppedPath;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Aim;
import java.util.Comparator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Says in a reproducer's words how to interrupt an operation in a window. The whole kernel passes the functions of locks
 * and lists; a breakpoint in a function that few call is reached sooner.
 */
final class AimChoice {
    private static final Pattern BUSY = Pattern.compile(
            ".*(spin_|_lock|lock_|unlock|mem(cpy|set|cmp)|str(cmp|len)|irq|preempt|rcu_read|migrate_|smp_|__cond|list_|rb_|thunk).*");

    private static final String PROGRAM = "bpf_prog_";

    private AimChoice() {}

    static String of(SteppedPath path, SweepMap.Stretch window, Symbols symbols) {
        int from = window.first().n();
        int to = window.last().n();
        int best = IntStream.rangeClosed(from, to)
                .boxed()
                .min(Comparator.comparing((Integer n) -> rank(path.address(n), symbols))
                        .thenComparing(n -> passes(path, n))
                        // The function that took the lock comes by each time, and what it calls further on may not.
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
        int passes = passes(path, best);
        return ".aimAt(\"" + Aim.where(symbols, path.address(best)) + "\").calledFrom(\"bpf:in_task\")"
                + (passes > 1 ? ".hit(" + passes + ")" : "");
    }

    /** Of a program of BPF nothing is left but a name that another load does not have. */
    private static int rank(long address, Symbols symbols) {
        return symbols.at(address)
                .map(function -> function.name().startsWith(PROGRAM)
                        ? 2
                        : BUSY.matcher(function.name()).matches() ? 1 : 0)
                .orElse(2);
    }

    /** How many times the operation has come by an instruction when it is there for the n-th step. */
    private static int passes(SteppedPath path, int n) {
        return (int) IntStream.rangeClosed(0, n)
                .filter(earlier -> path.address(earlier) == path.address(n))
                .count();
    }
}
