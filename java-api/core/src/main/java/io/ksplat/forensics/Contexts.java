// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.forensics.Walk.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Cuts one CPU's frames where an interrupt or an NMI came in. Exceptions belong to the context that raised them. */
final class Contexts {
    private static final int ENTRY_FRAMES = 3;

    private Contexts() {}

    static List<Stack> split(OptionalInt cpu, List<Step> steps) {
        List<Stack> stacks = new ArrayList<>();
        List<Frame> frames = new ArrayList<>();
        int switched = 0;
        for (Step step : steps) {
            frames.add(step.frame());
            if (step.next() == Walk.Next.OTHER_STACK) {
                switched = frames.size();
            }
            if (step.next() == Walk.Next.INTERRUPTED) {
                String context = context(frames);
                if (!context.equals("task")) {
                    stacks.add(new Stack(cpu, context, frames));
                    frames = new ArrayList<>();
                    switched = 0;
                }
            }
        }
        if (switched > 0 && context(frames).equals("task")) {
            stacks.add(new Stack(cpu, "softirq", frames.subList(0, switched)));
            frames = frames.subList(switched, frames.size());
        }
        if (!frames.isEmpty()) {
            stacks.add(new Stack(cpu, context(frames), frames));
        }
        return stacks;
    }

    /** What the outermost frames show to have been entered; of a stack that is cut short, what is left of it. */
    private static String context(List<Frame> frames) {
        for (Frame frame : frames.subList(Math.max(0, frames.size() - ENTRY_FRAMES), frames.size())) {
            String function = frame.function();
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
