// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
import io.ksplat.campaign.internal.sweep.Sweep;
import io.ksplat.campaign.internal.sweep.SweepRequest;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Runner;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "sweep",
        description =
                "Plans a sweep: freezes a machine at the anchor, and divides the points. Each machine needs the anchor in its cache:"
                        + " see ksplat cache export.",
        mixinStandardHelpOptions = true)
final class PlanSweepCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private ReproducerMixin reproducer = new ReproducerMixin();

    @Mixin
    private SweepMixin sweep = new SweepMixin();

    @Option(names = "--unit", paramLabel = "N", description = "Points in a unit, default ${DEFAULT-VALUE}.")
    private int each = 100;

    @Mixin
    private PlanOutput output = new PlanOutput();

    @Override
    public Integer call() throws Exception {
        if (each < 1) {
            throw new ParameterException(spec.commandLine(), "--unit must be at least 1");
        }
        Reproducers.Choice choice = reproducer.choice(spec);
        Catalogue.Entry entry = choice.only();
        SweepRequest request = sweep.request(spec, entry, 1);
        String anchor = anchor(request);
        String kernel = AnchorShelf.kept(anchor).kernel();
        List<FleetPlan.Kernel> kernels = PlanOutput.kernels(spec, List.of(kernel));
        List<FleetUnit> units = new ArrayList<>();
        for (int first = 1; first <= request.points(); first += each) {
            units.add(new FleetUnit(
                    PlanOutput.unit(units.size()),
                    choice.word(),
                    kernel,
                    first,
                    Math.min(request.points(), first + each - 1),
                    PlanOutput.TCG,
                    Optional.empty()));
        }
        ProgramMixin.Words program = reproducer.program(spec);
        return output.print(
                spec,
                FleetPlan.of(
                        SessionOptions.VERSION,
                        new FleetWork.Sweep(anchor, request.start(), request.points(), request.stride()),
                        FleetPlan.Settings.of(program.options(), program.arguments()),
                        PlanWords.reproducers(List.of(choice)),
                        kernels,
                        units));
    }

    /** Returns the name of the one that was said, or of a new one. */
    private String anchor(SweepRequest request) throws Exception {
        if (request.anchor().isPresent()) {
            return request.anchor().get();
        }
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        try (Runner runner = new EntryRunner()) {
            return Sweep.freeze(request, runner, progress);
        } finally {
            progress.clear();
        }
    }
}
