// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.evidence.Stack;
import java.util.List;
import java.util.OptionalInt;

/** The stack of one context of a CPU: {@code nmi}, {@code irq}, {@code softirq}, {@code task} or {@code user}. Innermost step first. */
public record ContextStack(int cpu, String context, List<StackWalk.Step> steps) {
    public ContextStack {
        steps = List.copyOf(steps);
    }

    /** Returns the stack as evidence has it. */
    public Stack stack() {
        return new Stack(
                OptionalInt.of(cpu),
                context,
                steps.stream().map(StackWalk.Step::frame).toList());
    }
}
