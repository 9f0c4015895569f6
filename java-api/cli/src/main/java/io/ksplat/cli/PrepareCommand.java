// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.PlannedKernels;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "prepare",
        description =
                "Fetches and builds a plan's kernels, and checks that its reproducers are those that were planned.",
        mixinStandardHelpOptions = true)
final class PrepareCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(names = "--plan", paramLabel = "FILE", required = true, description = "The plan.")
    private Path file = Path.of("");

    @Override
    public Integer call() throws Exception {
        FleetPlan plan = FleetPlan.read(file);
        PlanWords.entries(plan);
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        PlannedKernels.fetch(plan, plan.units(), progress);
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        plan.kernels().forEach(kernel -> out.println(kernel.spec() + ": " + kernel.key()));
        out.println(plan.kernels().size() + " kernels and " + plan.reproducers().size()
                + " reproducers are as planned; for another machine: ksplat cache export FILE --plan " + file);
        out.flush();
        return Exit.EXPECTED;
    }
}
