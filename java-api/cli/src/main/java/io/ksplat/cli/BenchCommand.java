// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Parallelism;
import io.ksplat.campaign.RunnerTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.bench.Bench;
import io.ksplat.campaign.internal.bench.Measurement;
import io.ksplat.campaign.internal.bench.ParseBench;
import io.ksplat.campaign.internal.bench.ReportBench;
import io.ksplat.campaign.internal.bench.Workload;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.junit.internal.ReproducerCatalogue;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.campaign.BenchRecord;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.wire.CampaignJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
        name = "bench",
        description = "Measures ksplat itself, or a workload on kernels.",
        mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    private static final String DEADLOCK = "nmi-task-kptr";

    /** Has the same steps and the same NMI, and drops objects whose destructor takes no lock that a task holds. */
    private static final String CLEAN = "nmi-cpumask-kptr";

    private static final List<String> NAMES =
            List.of("restore", "boot", "attempts", "start", "workload", "report", "parse");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "NAME",
            description =
                    "restore: a machine from a template against a cold boot; boot: a cold boot against a plain QEMU's; attempts: verdicts a minute, DEADLOCK and CLEAN; start: a list and a run from the shell on, against a plain QEMU's boot; workload: what a reproducer with a figure measures; report: writing a report; parse: reading logs, clean and of nothing but reports.")
    private String name = "";

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "REPRODUCER",
            description = "For workload: the reproducer to run, one with a figure: " + ReproducerMixin.FORMS + ".")
    private List<String> workloads = List.of();

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description =
                    "Default: " + RunSettings.DEFAULT_KERNEL + ". Of workload, two may be given: they take turns.")
    private List<String> kernels = List.of(RunSettings.DEFAULT_KERNEL);

    @Option(
            names = "--runs",
            paramLabel = "N",
            description =
                    "How often; default: restore 30, boot 5, attempts 40, start 10, workload 10, report 1000, parse 10.")
    private int runs;

    @Option(names = "--jobs", paramLabel = "N", description = "Of attempts: how many at a time; default as for run.")
    private @Nullable Integer jobs;

    @Option(names = "--report", paramLabel = "DIR", description = "Where consoles and runs go, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        checkWords();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        Path folder = report.toAbsolutePath().resolve("bench-" + name);
        Measurement measured = switch (name) {
            case "workload" -> workload(folder, progress);
            case "parse" -> ParseBench.measure(runs > 0 ? runs : 10);
            case "report" -> ReportBench.measure(runs > 0 ? runs : 1000, folder);
            default -> ksplat(folder, progress);
        };
        progress.clear();
        PrintWriter out = spec.commandLine().getOut();
        BenchRecord record = measured.record();
        out.print(json ? CampaignJson.line(record) + "\n" : measured.text());
        out.flush();
        CampaignFiles.write(folder, record);
        ReportPages.write(report, spec.commandLine().getErr());
        return Exit.EXPECTED;
    }

    private void checkWords() {
        if (!NAMES.contains(name)) {
            throw new ParameterException(
                    spec.commandLine(), "there is no benchmark " + name + "; there are " + String.join(", ", NAMES));
        }
        int most = name.equals("workload") ? 2 : 1;
        if (kernels.size() > most) {
            throw new ParameterException(
                    spec.commandLine(), name + " measures " + (most == 1 ? "one kernel" : "one kernel or two"));
        }
        List<String> own = ProgramMixin.own(spec, workloads);
        if (own.size() != (name.equals("workload") ? 1 : 0)) {
            throw new ParameterException(
                    spec.commandLine(),
                    name.equals("workload")
                            ? "name one workload: ksplat bench workload REPRODUCER"
                            : name + " takes no " + String.join(" ", own));
        }
    }

    private Measurement workload(Path folder, TerminalProgress progress) throws IOException, InterruptedException {
        Reproducers reproducers = new Reproducers(programs.words(spec));
        Reproducers.Choice choice =
                reproducers.find(ProgramMixin.own(spec, workloads)).get(0);
        // Which of its cases a kernel has, only the kernel can tell.
        Catalogue.Entry entry = choice.entries().size() == 1 ? choice.entries().get(0) : choice.only();
        try (Session session = Session.openUntilSignal(options(progress));
                Runner runner = new EntryRunner()) {
            Trial trial = new RunnerTrial(session, runner, entry, settings(folder));
            return new Workload(reproducers.catalogue(), entry, trial, progress)
                    .measure(Campaign.kernels(kernels), runs > 0 ? runs : 10);
        }
    }

    private SessionOptions options(TerminalProgress progress) {
        return machines.options(progress).calledWith(Main.arguments(spec));
    }

    private RunSettings settings(Path folder) {
        return RunSettings.of(kernels.get(0)).reportedIn(folder);
    }

    private Measurement ksplat(Path folder, TerminalProgress progress) throws Exception {
        SessionOptions options = options(progress);
        try (Session session = Session.open(options);
                Bench bench = Bench.of(kernels.get(0), options, folder)) {
            int several = jobs == null ? Parallelism.fitting() : jobs;
            return switch (name) {
                case "restore" -> bench.restore(runs > 0 ? runs : 30);
                case "boot" ->
                    bench.boot(
                            runs > 0 ? runs : 5,
                            times -> attempts(session, settings(folder).booting(true), 1, DEADLOCK, times));
                case "start" ->
                    bench.start(
                            runs > 0 ? runs : 10,
                            Path.of(System.getProperty("ksplat.home", ""), "ksplat"),
                            DEADLOCK,
                            folder);
                default ->
                    bench.attempts(
                            runs > 0 ? runs : 40,
                            several,
                            session.timings(),
                            times -> attempts(session, settings(folder), several, DEADLOCK, times),
                            times -> attempts(session, settings(folder), several, CLEAN, times));
            };
        }
    }

    private List<RunRecord> attempts(Session session, RunSettings settings, int jobs, String reproducer, int times)
            throws IOException, InterruptedException {
        List<RunRecord> ended = new ArrayList<>();
        new Campaign(session, settings, jobs, EntryRunner::new)
                .run(
                        List.of(ReproducerCatalogue.load().find(reproducer)),
                        Campaign.kernels(kernels),
                        times,
                        ended::add,
                        failure -> spec.commandLine().getErr().println("ksplat: " + failure));
        return List.copyOf(ended);
    }
}
