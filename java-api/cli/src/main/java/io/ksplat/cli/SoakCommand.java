// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.internal.soak.Soak;
import io.ksplat.campaign.internal.soak.SoakResult;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
        description = {
            "Runs reproducers on kernels for hours, each round in another order, and looks for a verdict that contradicts what is expected,"
                    + " and for memory, files and processes that grow.",
            "The same command again goes on with it."
        },
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:no contradiction; what was INCONCLUSIVE is listed",
            "1:a verdict contradicts what is expected",
            "2:usage",
            "3:the harness failed (any ERROR), or holds more and more"
        })
final class SoakCommand implements Callable<Integer> {
    private static final double MOST_HOURS = 24 * 365;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "REPRODUCER", description = "Reproducers, as for run. Default: the whole catalogue.")
    private List<String> words = List.of();

    @Mixin
    private KernelsMixin kernels = new KernelsMixin();

    @Option(
            names = "--hours",
            paramLabel = "N",
            description = "No run begins later; a fraction is possible. Default: ${DEFAULT-VALUE}.")
    private double hours = 1;

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds at most; default: as many as fit.")
    private int rounds = Integer.MAX_VALUE;

    @Option(names = "--seed", paramLabel = "N", description = "Chooses the order, default ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private JobsMixin jobs = new JobsMixin();

    @Option(names = "--report", paramLabel = "DIR", description = "Where it is kept, default ${DEFAULT-VALUE}.")
    private Path report = Path.of("ksplat-soak");

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Override
    public Integer call() throws Exception {
        if (!(hours > 0 && hours <= MOST_HOURS) || rounds < 1) {
            throw new ParameterException(spec.commandLine(), "--hours must be above 0, --rounds at least 1");
        }
        jobs.check(spec);
        kernels.check();
        PrintWriter out = spec.commandLine().getOut();
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        SessionOptions options = machines.options(progress).calledWith(Main.arguments(spec));
        Soak soak = new Soak(
                report.toAbsolutePath().normalize(),
                seed,
                reproducers(),
                Campaign.kernels(kernels.specs()),
                new AttemptsMixin().settings());
        long end = System.nanoTime() + (long) (hours * Duration.ofHours(1).toNanos());
        SoakResult result = soak.run(
                rounds,
                () -> System.nanoTime() - end < 0,
                jobs.count(),
                () -> Session.openUntilSignal(options),
                EntryRunner::new,
                new Soak.Listener() {
                    @Override
                    public void begins(int round, int runs) {
                        progress.clear();
                        out.println("round " + round + ": " + runs + " attempts");
                        out.flush();
                    }

                    @Override
                    public void ended(RunRecord run) {
                        if (!run.asExpected()) {
                            progress.clear();
                            out.print(RunText.of(run, report.resolve("rounds")));
                            out.flush();
                        }
                    }
                });
        progress.clear();
        Path joint = soak.folder().joint();
        Files.writeString(joint.resolveSibling("soak.md"), result.text());
        ReportPages.write(joint, spec.commandLine().getErr());
        out.print(result.text());
        out.println("Report: " + report.resolve("report") + ", " + report.resolve("soak.md"));
        out.flush();
        return code(result);
    }

    /** Returns the exit code of a soak. */
    static int code(SoakResult result) {
        return !result.contradictions().isEmpty() ? Exit.UNEXPECTED : result.hasFailed() ? Exit.HARNESS : Exit.EXPECTED;
    }

    private List<Catalogue.Entry> reproducers() throws Exception {
        Reproducers known = new Reproducers();
        return words.isEmpty()
                ? known.catalogue().entries()
                : known.find(words).stream()
                        .flatMap(choice -> choice.entries().stream())
                        .toList();
    }
}
