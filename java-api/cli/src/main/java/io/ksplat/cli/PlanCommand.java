// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.campaign.internal.fleet.FleetUnit;
import io.ksplat.campaign.internal.fleet.KnownDurations;
import io.ksplat.campaign.internal.fleet.PlannedKernels;
import io.ksplat.engine.RunSettings;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "plan",
        description = "Writes what run would do, as units that many machines can share: see ksplat help many-machines.",
        mixinStandardHelpOptions = true)
final class PlanCommand implements Callable<Integer> {
    /** As much as run takes for an attempt of a machine, and its standby. */
    private static final long MEMORY_MIB = 448;

    private static final int MOST_UNITS = 1_000_000;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "REPRODUCER",
            description = "Reproducers, of any kind, and several: each " + ReproducerMixin.FORMS
                    + ". Arguments of a program stand behind --.")
    private List<String> words = List.of();

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    @Option(names = "--all", description = "Every reproducer.")
    private boolean all;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = "A kernel, may be given several times: " + RunSettings.KERNEL_FORMS + ". Default: "
                    + RunSettings.DEFAULT_KERNEL + ".")
    private List<String> kernels = List.of(RunSettings.DEFAULT_KERNEL);

    @Option(names = "--repeat", paramLabel = "N", defaultValue = "1", description = "Attempts of each, default 1.")
    private int repeat;

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
            names = "--expect",
            paramLabel = "VERDICT",
            description = "The verdict that is expected, whatever the reproducer says.")
    private @Nullable String expect;

    @Option(names = "--nmi", paramLabel = "MODE", description = "none: send no NMIs, to see the controls fail.")
    private @Nullable String nmi;

    @Option(names = "--fresh", description = "Boot each machine cold.")
    private boolean fresh;

    @Option(
            names = "--busy",
            paramLabel = "SECONDS",
            description = "As for run: how long a CPU may run without a sign of life.")
    private int busy = (int) RunSettings.DEFAULT_BUSY.toSeconds();

    @Option(names = "--accelerator", paramLabel = "KIND", description = "kvm or tcg; each machine finds out by itself.")
    private @Nullable String accelerator;

    @Option(names = "--json", description = "Print the plan, for ksplat run --plan, instead of a table of it.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        checkWords();
        ProgramMixin.Words said = programs.words(spec);
        Reproducers reproducers = new Reproducers(said);
        List<String> named = all
                ? reproducers.catalogue().entries().stream()
                        .map(entry -> entry.id())
                        .toList()
                : ProgramMixin.own(spec, words);
        if (named.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name a reproducer, or --all; see: ksplat list");
        }
        List<FleetPlan.Reproducer> planned = PlanWords.reproducers(reproducers.find(named));
        List<FleetPlan.Kernel> known = kernels();
        FleetPlan plan = FleetPlan.of(
                SessionOptions.VERSION,
                new FleetPlan.Settings(
                        Optional.ofNullable(expect),
                        Optional.ofNullable(nmi),
                        fresh,
                        busy,
                        Optional.ofNullable(accelerator),
                        said.options(),
                        said.arguments()),
                planned,
                known,
                units(planned, known));
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? plan.json() : table(plan));
        out.flush();
        return Exit.EXPECTED;
    }

    private void checkWords() {
        if (repeat < 1 || attempts < 1 || busy < 1) {
            throw new ParameterException(spec.commandLine(), "--repeat, --attempts and --busy must be at least 1");
        }
        RunSettings settings = RunSettings.of(RunSettings.DEFAULT_KERNEL);
        if (expect != null) {
            settings = settings.expecting(expect);
        }
        if (nmi != null) {
            settings.sending(nmi);
        }
        SessionOptions.standard(TerminalProgress.on(spec.commandLine().getErr()))
                .withAccelerator(Optional.ofNullable(accelerator));
    }

    private List<FleetPlan.Kernel> kernels() throws Exception {
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        try {
            return PlannedKernels.resolve(kernels, progress);
        } finally {
            progress.clear();
        }
    }

    private List<FleetUnit> units(List<FleetPlan.Reproducer> planned, List<FleetPlan.Kernel> known) throws IOException {
        KnownDurations durations = new KnownDurations();
        for (Path report : earlier) {
            durations.add(ResultsReader.read(report));
        }
        long many = (long) planned.size() * known.size() * ((repeat - 1) / attempts + 1);
        if (many > MOST_UNITS) {
            throw new ParameterException(
                    spec.commandLine(), many + " units are too many: more attempts in a unit, with --attempts");
        }
        FleetUnit.Needs needs = new FleetUnit.Needs("kvm".equalsIgnoreCase(accelerator), MEMORY_MIB);
        List<FleetUnit> units = new ArrayList<>();
        for (FleetPlan.Reproducer reproducer : planned) {
            for (FleetPlan.Kernel kernel : known) {
                Optional<Double> attempt = durations.minutes(reproducer.ids(), kernel.key());
                for (int first = 1; first <= repeat; first += attempts) {
                    int last = Math.min(repeat, first + attempts - 1);
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
