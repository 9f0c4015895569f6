// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.results.SampledSpan;
import java.util.Set;
import java.util.stream.Collectors;

/** Says what samples of a CPU show. */
public final class SampleWords {
    /** The contexts that a stack has, and the style of each. */
    static final Set<String> CONTEXTS = Set.of("task", "irq", "nmi");

    private SampleWords() {}

    public static String of(SampledSpan span) {
        String where = switch (span.context()) {
            case "user" -> "user code";
            case "idle" -> "idle";
            case "irqs-off" -> "kernel, interrupts off";
            default -> "kernel";
        };
        String functions = span.functions().isEmpty() || span.context().equals("idle")
                ? ""
                : ", in " + span.functions().stream().map(Words::shortened).collect(Collectors.joining(", "));
        return where + functions + " (" + (span.samples() == 1 ? "1 sample" : span.samples() + " samples") + ")";
    }
}
