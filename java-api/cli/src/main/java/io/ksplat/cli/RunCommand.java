// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.Parallelism;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.RealMachine;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "run",
        description = "Runs reproducers on kernels and writes a report.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every verdict is the expected one",
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
            names = "--jobs",
            paramLabel = "N",
            description = "Attempts at a time; default: as many as this machine has CPUs and memory for.")
    private @Nullable Integer jobs;

    @Option(names = "--report", paramLabel = "DIR", description = "Where the report goes, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Option(
            names = "--expect",
            paramLabel = "VERDICT",
            description = "The verdict that is expected, whatever the reproducer says.")
    private @Nullable String expect;

    @Option(names = "--nmi", paramLabel = "MODE", description = "none: send no NMIs, to see the controls fail.")
    private @Nullable String nmi;

    @Option(names = "--fresh", description = "Boot each machine cold.")
    private boolean fresh;

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Lines of a kernel's configuration, on top of the profile of a kernel that is built;"
                    + " may be given several times.")
    private List<Path> fragments = List.of();

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
            names = "--busy",
            paramLabel = "SECONDS",
            description =
                    "How long a CPU may run without a sign of life and without waiting for a lock, in its own run time,"
                            + " before that is evidence (cpu-busy, INCONCLUSIVE). Default: ${DEFAULT-VALUE}, the kernel's soft lockup threshold.")
    private int busy = (int) RunSettings.DEFAULT_BUSY.toSeconds();

    @Option(
            names = "--in-container",
            description =
                    "Run each machine in a Docker container, and compile BPF and build kernels there: this machine needs"
                            + " neither QEMU nor clang nor what a kernel build does.")
    private boolean inContainer;

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
        plan.check(spec, words);
        if (plan.isGiven()) {
            checkWords();
            return plan.run(spec, report, jobs);
        }
        List<Catalogue.Entry> chosen = choose(new Reproducers(programs.words(spec)));
        checkWords();
        Optional<RealMachine> machine = real.machine(spec);
        kernels = real.kernels(kernels, machine);
        RunSettings settings = settings();
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
            var specs = Campaign.kernels(kernels);
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
            new Campaign(
                            session,
                            settings,
                            machine.isPresent() ? 1 : jobs == null ? Parallelism.fitting() : jobs,
                            EntryRunner::new)
                    .run(chosen, specs, repeat, ended, failure -> {
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
            }
            out.flush();
        }
        ReportPages.write(report, spec.commandLine().getErr());
        return failed.get() ? Exit.HARNESS : Exit.of(written.runs());
    }

    private void checkWords() {
        if (repeat < 1) {
            throw new ParameterException(spec.commandLine(), "--repeat must be at least 1");
        }
        if (busy < 1) {
            throw new ParameterException(spec.commandLine(), "--busy must be at least 1");
        }
        if (jobs != null && (jobs < 1 || jobs > Parallelism.MOST)) {
            throw new ParameterException(spec.commandLine(), "--jobs must be from 1 to " + Parallelism.MOST);
        }
        if (inContainer && (keepDead || vmcore)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--keep-dead and --vmcore need QEMU on this machine: leave them out, or --in-container");
        }
        Campaign.kernels(kernels);
    }

    private RunSettings settings() {
        RunSettings settings = RunSettings.of(RunSettings.DEFAULT_KERNEL)
                .reportedIn(report.toAbsolutePath())
                .booting(fresh)
                .keeping(keepDead, vmcore)
                .busyAfter(Duration.ofSeconds(busy));
        if (expect != null) {
            settings = settings.expecting(expect);
        }
        return nmi == null ? settings : settings.sending(nmi);
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
        if (all) {
            return reproducers.catalogue().entries();
        }
        List<String> named = ProgramMixin.own(spec, words);
        if (named.isEmpty() && !selftests.isGiven()) {
            throw new ParameterException(spec.commandLine(), "name a reproducer, or --all; see: ksplat list");
        }
        List<Catalogue.Entry> chosen = new ArrayList<>(selftests.entries());
        reproducers.find(named).forEach(choice -> chosen.addAll(choice.entries()));
        return chosen;
    }
}
