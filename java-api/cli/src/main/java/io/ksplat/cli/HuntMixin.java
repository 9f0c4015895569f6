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
    /** Names every operation. */
    private static final String ALL = "all";

    @Option(
            names = "--operation",
            paramLabel = "NAME",
            description =
                    "An operation (map-update/lru-hash) or a family (map-update), may be given several times. Default: all.")
    private List<String> operations = List.of();

    @Option(
            names = "--against",
            paramLabel = "NAME",
            description =
                    "In mode nmi: what the NMI does while a task does each --operation, in place of the same: an operation, a family, "
                            + "or all, may be given several times. What takes none of the task's locks is named and not tried.")
    private List<String> against = List.of();

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
        if (mode != HuntMode.NMI
                && operations().stream().anyMatch(operation -> operation.other().isPresent())) {
            throw new ParameterException(
                    spec.commandLine(),
                    "only in --mode nmi another operation can be done than the one that is interrupted");
        }
    }

    /**
     * Returns the operations that are meant.
     *
     * @throws IllegalArgumentException if there is none of a name
     */
    List<Operation> operations() {
        List<Operation> inTask = Operations.named(operations);
        return against.isEmpty()
                ? inTask
                : Operations.against(inTask, Operations.named(against.contains(ALL) ? List.of() : against));
    }

    HuntScope scope() {
        return new HuntScope(mode, points, exhaustive, seed);
    }
}
