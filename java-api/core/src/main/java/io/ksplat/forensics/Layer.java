// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import io.ksplat.evidence.Stack;
import java.util.List;
import java.util.OptionalInt;

/** What one context of a CPU was doing: {@code nmi}, {@code irq}, {@code softirq}, {@code task} or {@code user}. Innermost step first. */
record Layer(int cpu, String context, List<Walk.Step> steps) {
    Layer {
        steps = List.copyOf(steps);
    }

    Stack stack() {
        return new Stack(
                OptionalInt.of(cpu),
                context,
                steps.stream().map(Walk.Step::frame).toList());
    }
}
