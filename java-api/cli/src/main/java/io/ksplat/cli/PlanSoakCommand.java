// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.soak.Soak;
import io.ksplat.engine.SessionOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "soak",
        description = "Plans a soak: each reproducer on each kernel, round after round in another order, a run a unit.",
        mixinStandardHelpOptions = true)
final class PlanSoakCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "REPRODUCER", description = "Reproducers, as for run. Default: the whole catalogue.")
    private List<String> words = List.of();

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Option(names = "--rounds", paramLabel = "N", description = "How many rounds, default ${DEFAULT-VALUE}.")
    private int rounds = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Chooses the order, default ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private DurationsMixin durations = new DurationsMixin();

    @Mixin
    private PlanOutput output = new PlanOutput();

    @Override
    public Integer call() throws Exception {
        if (rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least 1");
        }
        kernels.check();
        Reproducers reproducers = new Reproducers();
        List<FleetPlan.Reproducer> planned = PlanWords.reproducers(reproducers.find(
                words.isEmpty()
                        ? reproducers.catalogue().entries().stream()
                                .map(entry -> entry.id())
                                .toList()
                        : words));
        List<FleetPlan.Kernel> known = PlanOutput.kernels(spec, kernels.specs());
        PlanOutput.checkNumber(spec, (long) rounds * planned.size() * known.size(), "fewer --rounds");
        return output.print(
                spec,
                FleetPlan.of(
                        SessionOptions.VERSION,
                        new FleetWork.Soak(seed),
                        FleetPlan.Settings.of(Map.of(), List.of()),
                        planned,
                        known,
                        units(planned, known, durations.read())));
    }

    private List<FleetUnit> units(
            List<FleetPlan.Reproducer> planned, List<FleetPlan.Kernel> known, KnownDurations minutes) {

        List<FleetUnit> units = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            List<Map.Entry<FleetPlan.Reproducer, FleetPlan.Kernel>> order = new ArrayList<>();
            for (FleetPlan.Reproducer reproducer : planned) {
                known.forEach(kernel -> order.add(Map.entry(reproducer, kernel)));
            }
            Collections.shuffle(order, Soak.chance(seed, round));
            for (Map.Entry<FleetPlan.Reproducer, FleetPlan.Kernel> each : order) {
                units.add(new FleetUnit(
                        PlanOutput.unit(units.size()),
                        each.getKey().word(),
                        each.getValue().spec(),
                        round,
                        round,
                        PlanOutput.TCG,
                        minutes.minutes(each.getKey().ids(), each.getValue().key())));
            }
        }
        return units;
    }
}
