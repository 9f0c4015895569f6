// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.sweep.SweepRequest;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which path is swept, and which of its points. */
final class SweepMixin {
    @Option(
            names = "--from",
            paramLabel = "SYMBOL",
            description = "The anchor: this kernel function's first instruction, when the reproducer is armed.")
    private @Nullable String from;

    @Option(
            names = "--hit",
            paramLabel = "N",
            description =
                    "The anchor is the N-th time that the CPU comes by there, default 1: the first times may take ways of "
                            + "their own: caches are cold, and lockdep learns.")
    private int hit = 1;

    @Option(
            names = "--start",
            paramLabel = "N",
            description = "Instructions from the anchor to the first point, default 0.")
    private int start;

    @Option(names = "--points", paramLabel = "N", required = true, description = "How many points.")
    private int points;

    @Option(
            names = "--stride",
            paramLabel = "N",
            description =
                    "Instructions from one point to the next, default 1. Where neighbours differ, the points between them "
                            + "are measured too, until the very instruction is found.")
    private int stride = 1;

    @Option(names = "--anchor", paramLabel = "NAME", description = "Sweep from an anchor that an earlier sweep kept.")
    private @Nullable String anchor;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = RunSettings.KERNEL_FORMS + ". Default: " + RunSettings.DEFAULT_KERNEL + ".")
    private String kernel = RunSettings.DEFAULT_KERNEL;

    /** Returns what is asked for. */
    SweepRequest request(CommandSpec spec, Catalogue.Entry reproducer, int jobs) {
        if (from == null && anchor == null) {
            throw new ParameterException(spec.commandLine(), "name a kernel function: --from SYMBOL");
        }
        return new SweepRequest(
                reproducer,
                kernel,
                from == null ? "" : from,
                hit,
                Optional.ofNullable(anchor),
                start,
                points,
                stride,
                jobs);
    }
}
