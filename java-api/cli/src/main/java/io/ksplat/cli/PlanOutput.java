// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Parallelism;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.PlannedKernels;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How a plan is made and printed, whatever it plans. */
final class PlanOutput {
    private static final int MOST_UNITS = 1_000_000;

    /** What the units of a machine under TCG need. */
    static final FleetUnit.Needs TCG = new FleetUnit.Needs(false, Parallelism.ATTEMPT_MIB);

    @Option(names = "--json", description = "Print the plan, for ksplat run --plan, instead of a table of it.")
    private boolean json;

    /** Returns the kernels of a plan; each is fetched or built. */
    static List<FleetPlan.Kernel> kernels(CommandSpec spec, List<String> specs) throws Exception {
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        try {
            return PlannedKernels.resolve(specs, progress);
        } finally {
            progress.clear();
        }
    }

    /** Returns the name of the unit after {@code before} others. */
    static String unit(int before) {
        return String.format(Locale.ROOT, "unit-%04d", before + 1);
    }

    /** Refuses more units than a plan holds. */
    static void checkNumber(CommandSpec spec, long units, String remedy) {
        if (units > MOST_UNITS) {
            throw new ParameterException(spec.commandLine(), units + " units are too many: " + remedy);
        }
    }

    /** Prints a plan. */
    int print(CommandSpec spec, FleetPlan plan) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? plan.json() : table(plan));
        out.flush();
        return Exit.EXPECTED;
    }

    private static String table(FleetPlan plan) {
        StringBuilder text = new StringBuilder();
        for (FleetUnit unit : plan.units()) {
            text.append(plan.words(unit)).append(minutes(unit.minutes())).append('\n');
        }
        return text
                + String.format(
                        Locale.ROOT,
                        "%d units, plan %s; as a file: --json%n",
                        plan.units().size(),
                        plan.digest().substring(0, 12));
    }

    private static String minutes(Optional<Double> known) {
        return known.map(minutes -> String.format(Locale.ROOT, ", %.1f minutes", minutes))
                .orElse("");
    }
}
