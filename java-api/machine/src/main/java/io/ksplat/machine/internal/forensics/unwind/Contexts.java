// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.machine.internal.forensics.unwind.StackWalk.Step;
import java.util.ArrayList;
import java.util.List;

/** Cuts one CPU's frames where an interrupt or an NMI came in. Exceptions belong to the context that raised them. */
final class Contexts {
    private static final int ENTRY_FRAMES = 3;

    private Contexts() {}

    static List<ContextStack> split(int cpu, List<Step> steps) {
        List<ContextStack> layers = new ArrayList<>();
        List<Step> layer = new ArrayList<>();
        int switched = 0;
        for (Step step : steps) {
            layer.add(step);
            if (step.next() == StackWalk.Next.OTHER_STACK) {
                switched = layer.size();
            }
            if (step.next() == StackWalk.Next.INTERRUPTED) {
                String context = context(layer);
                if (!context.equals("task")) {
                    layers.add(new ContextStack(cpu, context, layer));
                    layer = new ArrayList<>();
                    switched = 0;
                }
            }
        }
        if (switched > 0 && context(layer).equals("task")) {
            layers.add(new ContextStack(cpu, "softirq", layer.subList(0, switched)));
            layer = layer.subList(switched, layer.size());
        }
        if (!layer.isEmpty()) {
            layers.add(new ContextStack(cpu, context(layer), layer));
        }
        return layers;
    }

    /** What the outermost frames show to have been entered; of a stack that is cut short, what is left of it. */
    private static String context(List<Step> layer) {
        for (Step step : layer.subList(Math.max(0, layer.size() - ENTRY_FRAMES), layer.size())) {
            String function = step.frame().function();
            if (function.equals("exc_nmi") || function.equals("asm_exc_nmi") || function.endsWith("repeat_nmi")) {
                return "nmi";
            }
            if (function.startsWith("asm_sysvec_")
                    || function.startsWith("sysvec_")
                    || function.equals("asm_common_interrupt")
                    || function.equals("common_interrupt")) {
                return "irq";
            }
        }
        return "task";
    }
}
