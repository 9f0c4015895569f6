// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.hunt.HuntMode;
import io.ksplat.campaign.internal.hunt.HuntScope;
import io.ksplat.campaign.internal.hunt.Operation;
import io.ksplat.campaign.internal.hunt.Operations;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What is hunted. */
final class HuntMixin {
    @Option(
            names = "--operation",
            paramLabel = "NAME",
            description =
                    "An operation (map-update/lru-hash) or a family (map-update), may be given several times. Default: all.")
    private List<String> operations = List.of();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "Where the operation is done once more: nmi, in an NMI that interrupts it; or reentry, in programs that are "
                            + "attached to the functions and events that it passes. Default: ${DEFAULT-VALUE}.")
    private HuntMode mode = HuntMode.NMI;

    @Option(
            names = "--points",
            paramLabel = "N",
            description =
                    "How many instructions of an operation to try, default ${DEFAULT-VALUE}: those behind which a "
                            + "lock may be held or free, and a sample. The borders of what is found come in addition. In mode "
                            + "reentry, how many functions and events.")
    private int points = 20;

    @Option(names = "--exhaustive", description = "Try every instruction; in mode reentry, every function and event.")
    private boolean exhaustive;

    @Option(names = "--seed", paramLabel = "N", description = "Chooses the sample, default ${DEFAULT-VALUE}.")
    private long seed = 1;

    /** Refuses what makes no sense. */
    void check(CommandSpec spec) {
        if (points < 2) {
            throw new ParameterException(spec.commandLine(), "--points must be at least 2");
        }
    }

    /**
     * Returns the operations that are meant.
     *
     * @throws IllegalArgumentException if there is none of a name
     */
    List<Operation> operations() {
        return Operations.named(operations);
    }

    HuntScope scope() {
        return new HuntScope(mode, points, exhaustive, seed);
    }
}
