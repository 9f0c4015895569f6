// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Parallelism;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.fleet.PlannedKernels;
import io.ksplat.campaign.internal.history.History;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.ResultsReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
        description = "Writes what run would do, as units that many machines can share: see ksplat help many-machines.",
        mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
    private static final int MOST_UNITS = 1_000_000;

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

    @Option(
            names = "--from",
            paramLabel = "DIR",
            description = "An earlier report, which tells how long each takes; may be given several times.")
    private List<Path> earlier = List.of();

    @Option(
            names = "--history",
            paramLabel = "HISTORY",
            description = "Tells how long each takes, of all reports that were added: see ksplat help history.")
    private @Nullable String history;

    @Option(names = "--accelerator", paramLabel = "KIND", description = "kvm or tcg; each machine finds out by itself.")
    private @Nullable String accelerator;

    @Option(names = "--json", description = "Print the plan, for ksplat run --plan, instead of a table of it.")
    private boolean json;

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
        List<FleetPlan.Kernel> known = kernels();
        FleetPlan plan = FleetPlan.of(
                SessionOptions.VERSION,
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
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? plan.json() : table(plan));
        out.flush();
        return Exit.EXPECTED;
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

    private List<FleetPlan.Kernel> kernels() throws Exception {
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        try {
            return PlannedKernels.resolve(said.kernels(), progress);
        } finally {
            progress.clear();
        }
    }

    private List<FleetUnit> units(List<FleetPlan.Reproducer> planned, List<FleetPlan.Kernel> known) throws IOException {
        KnownDurations durations = new KnownDurations();
        for (Path report : earlier) {
            durations.add(ResultsReader.read(report));
        }
        if (history != null) {
            try (History past = History.existing(history)) {
                past.tell(durations);
            }
        }
        long many = (long) planned.size() * known.size() * ((said.repeat() - 1) / attempts + 1);
        if (many > MOST_UNITS) {
            throw new ParameterException(
                    spec.commandLine(), many + " units are too many: more attempts in a unit, with --attempts");
        }
        FleetUnit.Needs needs = new FleetUnit.Needs("kvm".equalsIgnoreCase(accelerator), Parallelism.ATTEMPT_MIB);
        List<FleetUnit> units = new ArrayList<>();
        for (FleetPlan.Reproducer reproducer : planned) {
            for (FleetPlan.Kernel kernel : known) {
                Optional<Double> attempt = durations.minutes(reproducer.ids(), kernel.key());
                for (int first = 1; first <= said.repeat(); first += attempts) {
                    int last = Math.min(said.repeat(), first + attempts - 1);
                    int number = last - first + 1;
                    units.add(new FleetUnit(
                            String.format(Locale.ROOT, "unit-%04d", units.size() + 1),
                            reproducer.word(),
                            kernel.spec(),
                            first,
                            last,
                            needs,
                            attempt.map(minutes -> minutes * number)));
                }
            }
        }
        return units;
    }

    private static String table(FleetPlan plan) {
        StringBuilder text = new StringBuilder();
        for (FleetUnit unit : plan.units()) {
            text.append(unit.words())
                    .append(unit.minutes()
                            .map(minutes -> String.format(Locale.ROOT, ", %.1f minutes", minutes))
                            .orElse(""))
                    .append('\n');
        }
        return text
                + String.format(
                        Locale.ROOT,
                        "%d units, plan %s; as a file: --json%n",
                        plan.units().size(),
                        plan.digest().substring(0, 12));
    }
}
