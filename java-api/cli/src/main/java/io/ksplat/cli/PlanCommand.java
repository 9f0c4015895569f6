// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Parallelism;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "plan",
        description =
                "Writes what run, hunt, soak or sweep would do, as units that many machines can share: see ksplat help many-machines.",
        mixinStandardHelpOptions = true,
        subcommands = {PlanHuntCommand.class, PlanSoakCommand.class, PlanSweepCommand.class})
final class PlanCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private AttemptsMixin said = new AttemptsMixin();

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    @Option(
            names = "--attempts",
            paramLabel = "N",
            defaultValue = "10",
            description = "Attempts in a unit at most, default 10: what a machine that dies loses.")
    private int attempts;

    @Mixin
    private DurationsMixin durations = new DurationsMixin();

    @Option(names = "--accelerator", paramLabel = "KIND", description = "kvm or tcg; each machine finds out by itself.")
    private @Nullable String accelerator;

    @Mixin
    private PlanOutput output = new PlanOutput();

    @Override
    public Integer call() throws Exception {
        checkWords();
        ProgramMixin.Words program = programs.words(spec);
        Reproducers reproducers = new Reproducers(program);
        List<String> named = said.all()
                ? reproducers.catalogue().entries().stream()
                        .map(entry -> entry.id())
                        .toList()
                : ProgramMixin.own(spec, said.words());
        if (named.isEmpty()) {
            throw AttemptsMixin.nothingNamed(spec);
        }
        List<FleetPlan.Reproducer> planned = PlanWords.reproducers(reproducers.find(named));
        List<FleetPlan.Kernel> known = PlanOutput.kernels(spec, said.kernels());
        FleetPlan plan = FleetPlan.of(
                SessionOptions.VERSION,
                new FleetWork.Runs(),
                new FleetPlan.Settings(
                        Optional.ofNullable(said.expect()),
                        Optional.ofNullable(said.nmi()),
                        said.fresh(),
                        said.busySeconds(),
                        Optional.ofNullable(accelerator),
                        program.options(),
                        program.arguments()),
                planned,
                known,
                units(planned, known));
        return output.print(spec, plan);
    }

    private void checkWords() {
        said.check(spec);
        if (attempts < 1) {
            throw new ParameterException(spec.commandLine(), "--attempts must be at least 1");
        }
        said.settings();
        SessionOptions.standard(TerminalProgress.on(spec.commandLine().getErr()))
                .withAccelerator(Optional.ofNullable(accelerator));
    }

    private List<FleetUnit> units(List<FleetPlan.Reproducer> planned, List<FleetPlan.Kernel> known) throws IOException {
        KnownDurations minutes = durations.read();
        PlanOutput.checkNumber(
                spec,
                (long) planned.size() * known.size() * ((said.repeat() - 1) / attempts + 1),
                "more attempts in a unit, with --attempts");
        FleetUnit.Needs needs = new FleetUnit.Needs("kvm".equalsIgnoreCase(accelerator), Parallelism.ATTEMPT_MIB);
        List<FleetUnit> units = new ArrayList<>();
        for (FleetPlan.Reproducer reproducer : planned) {
            for (FleetPlan.Kernel kernel : known) {
                Optional<Double> attempt = minutes.minutes(reproducer.ids(), kernel.key());
                for (int first = 1; first <= said.repeat(); first += attempts) {
                    int last = Math.min(said.repeat(), first + attempts - 1);
                    int number = last - first + 1;
                    units.add(new FleetUnit(
                            PlanOutput.unit(units.size()),
                            reproducer.word(),
                            kernel.spec(),
                            first,
                            last,
                            needs,
                            attempt.map(one -> one * number)));
                }
            }
        }
        return units;
    }
}
