// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.FrameCursor.Next;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.unwind.StackWalk.Step;
import java.util.ArrayList;
import java.util.List;

/** Splits one CPU's frames at interrupts and NMIs. Exceptions belong to the context that raised them. */
final class Contexts {
    private static final int ENTRY_FRAMES = 3;

    private Contexts() {}

    static List<ContextStack> split(int cpu, List<Step> steps) {
        List<ContextStack> contexts = new ArrayList<>();
        List<Step> current = new ArrayList<>();
        int switched = 0;
        for (Step step : steps) {
            current.add(step);
            if (step.next() == Next.OTHER_STACK) {
                switched = current.size();
            }
            if (step.next() == Next.INTERRUPTED) {
                String context = context(current);
                if (!context.equals("task")) {
                    contexts.add(new ContextStack(cpu, context, current));
                    current = new ArrayList<>();
                    switched = 0;
                }
            }
        }
        if (switched > 0 && context(current).equals("task")) {
            contexts.add(new ContextStack(cpu, "softirq", current.subList(0, switched)));
            current = current.subList(switched, current.size());
        }
        if (!current.isEmpty()) {
            contexts.add(new ContextStack(cpu, context(current), current));
        }
        return contexts;
    }

    /** Names the context by the entry function among its outermost frames, also if the stack is cut short. */
    private static String context(List<Step> steps) {
        for (Step step : steps.subList(Math.max(0, steps.size() - ENTRY_FRAMES), steps.size())) {
            String function = step.frame().function();
            if (Arch.guest().functions().is(function, Role.NMI_ENTRY)) {
                return "nmi";
            }
            if (Arch.guest().functions().is(function, Role.IRQ_ENTRY)) {
                return "irq";
            }
        }
        return "task";
    }
}
