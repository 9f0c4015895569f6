// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.FleetWork;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.hunt.Operation;
import io.ksplat.engine.SessionOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
        name = "hunt",
        description = "Plans a hunt: each operation on each kernel is a unit.",
        mixinStandardHelpOptions = true)
final class PlanHuntCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private HuntMixin hunt = new HuntMixin();

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Mixin
    private DurationsMixin durations = new DurationsMixin();

    @Mixin
    private PlanOutput output = new PlanOutput();

    @Override
    public Integer call() throws Exception {
        List<Operation> meant = hunt.operations();
        hunt.check(spec);
        kernels.check();
        List<FleetPlan.Kernel> known = PlanOutput.kernels(spec, kernels.specs());
        KnownDurations minutes = durations.read();
        List<FleetUnit> units = new ArrayList<>();
        for (Operation operation : meant) {
            for (FleetPlan.Kernel kernel : known) {
                units.add(new FleetUnit(
                        PlanOutput.unit(units.size()),
                        operation.name(),
                        kernel.spec(),
                        1,
                        1,
                        PlanOutput.TCG,
                        minutes.minutes(List.of(operation.name()), kernel.key())));
            }
        }
        return output.print(
                spec,
                FleetPlan.of(
                        SessionOptions.VERSION,
                        FleetWork.Hunt.of(hunt.scope()),
                        FleetPlan.Settings.of(Map.of(), List.of()),
                        PlanWords.operations(meant),
                        known,
                        units));
    }
}
