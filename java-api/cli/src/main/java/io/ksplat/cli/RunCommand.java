// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.ChosenMachine;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunText;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.News;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = "Runs reproducers on kernels and writes a report.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every verdict is the expected one (or, with --baseline, what differs is not new)",
            "1:some verdict differs",
            "2:usage",
            "3:the harness failed (any ERROR)"
        })
final class RunCommand implements Callable<Integer> {
    /** Set by the launcher. */
    private static final String IMAGE_VARIABLE = "KSPLAT_IMAGE";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Mixin
    private AttemptsMixin attempts = new AttemptsMixin();

    @Mixin
    private ProgramMixin programs = new ProgramMixin();

    @Mixin
    private JobsMixin jobs = new JobsMixin();

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Where the report goes, default ksplat-report. One that is there is replaced.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Mixin
    private ConfigMixin config = new ConfigMixin();

    @Option(
            names = "--keep-dead",
            description = "Leave the first machine that ends with evidence stopped, and print how gdb gets at it.")
    private boolean keepDead;

    @Option(
            names = "--vmcore",
            description =
                    "Write a dump, for crash and drgn, of each machine that ends with evidence into the run's folder.")
    private boolean vmcore;

    @Option(
            names = "--in-container",
            description =
                    "Run each machine in a Docker container, and compile BPF and build kernels there: this machine needs"
                            + " neither QEMU nor clang nor what a kernel build does.")
    private boolean inContainer;

    @Mixin
    private BaselineMixin baseline = new BaselineMixin();

    @Option(names = "--json", description = "Print the report's results.json instead of text.")
    private boolean json;

    @Mixin
    private OnMixin real = new OnMixin();

    @Mixin
    private SelftestsMixin selftests = new SelftestsMixin();

    @Mixin
    private PlanMixin plan = new PlanMixin();

    @Override
    public Integer call() throws Exception {
        plan.check(spec, attempts.words());
        if (plan.isGiven()) {
            checkWords();
            if (baseline.isGiven()) {
                throw new ParameterException(
                        spec.commandLine(), "--baseline and --plan: give --baseline to merge, which joins the shards");
            }
            return plan.run(spec, report, jobs.count());
        }
        List<Catalogue.Entry> chosen = choose(new Reproducers(programs.words(spec)));
        checkWords();
        List<Path> fragments = config.fragmentsOf(attempts.kernels());
        Optional<ChosenMachine> machine = real.machine(spec);
        RunSettings settings = settings();
        News news = baseline.news(KnownReports.NONE);
        PrintWriter err = spec.commandLine().getErr();
        TerminalProgress progress = TerminalProgress.on(err);
        SessionOptions options = machines.options(progress)
                .calledWith(Main.arguments(spec))
                .withFragments(fragments)
                .withContainer(image())
                .on(machine);
        AtomicBoolean failed = new AtomicBoolean();
        RunLog written;
        try (Session session = Session.openUntilSignal(options)) {
            var specs = Campaign.kernels(OnMixin.kernels(spec, attempts.kernels(), machine));
            Optional<String> same = session.sameKernel(specs);
            if (same.isPresent()) {
                progress.clear();
                throw new IllegalArgumentException(same.get());
            }
            written = session.report(settings.report());
            PrintWriter out = spec.commandLine().getOut();
            RunLog.Listener ended = run -> {
                progress.clear();
                if (!json) {
                    out.print(RunText.of(run, report));
                    out.flush();
                }
            };
            new Campaign(session, settings, machine.isPresent() ? 1 : jobs.count(), EntryRunner::new)
                    .run(chosen, specs, attempts.repeat(), ended, failure -> {
                        failed.set(true);
                        progress.clear();
                        err.println("ksplat: " + ErrorGuide.told(failure));
                    });
            progress.clear();
            if (json) {
                written.flush();
                out.println(Files.readString(written.folder().resolve("results.json")));
            } else {
                out.print(selftests.isGiven() ? VerdictDifferences.of(written.runs()) : "");
                out.print(ErrorGuide.end(written.runs(), report));
                out.print(baseline.isGiven() ? news.text(written.runs()) : "");
            }
            out.flush();
        }
        ReportPages.write(report, baseline.folder(), spec.commandLine().getErr());
        return failed.get() ? Exit.HARNESS : Exit.of(written.runs(), news);
    }

    private void checkWords() {
        attempts.check(spec);
        jobs.check(spec);
        if (inContainer && (keepDead || vmcore)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--keep-dead and --vmcore need QEMU on this machine: leave them out, or --in-container");
        }
    }

    private RunSettings settings() {
        return attempts.settings().reportedIn(report.toAbsolutePath()).keeping(keepDead, vmcore);
    }

    private Optional<String> image() throws IOException {
        if (!inContainer) {
            return Optional.empty();
        }
        String image = System.getenv().getOrDefault(IMAGE_VARIABLE, "");
        if (image.isEmpty()) {
            throw new IOException("--in-container: " + IMAGE_VARIABLE
                    + " names no image: use the launcher, ./ksplat, or set it to what"
                    + " vm-images/container/image prints");
        }
        return Optional.of(image);
    }

    private List<Catalogue.Entry> choose(Reproducers reproducers) throws IOException {
        if (attempts.all()) {
            return reproducers.catalogue().entries();
        }
        List<String> named = ProgramMixin.own(spec, attempts.words());
        if (named.isEmpty() && !selftests.isGiven()) {
            throw AttemptsMixin.nothingNamed(spec);
        }
        List<Catalogue.Entry> chosen = new ArrayList<>(selftests.entries());
        reproducers.find(named).forEach(choice -> chosen.addAll(choice.entries()));
        return chosen;
    }
}
