// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.RunnerTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.patch.AskedSeries;
import io.ksplat.campaign.internal.patch.PatchResult;
import io.ksplat.campaign.internal.patch.SeriesCheck;
import io.ksplat.campaign.internal.patch.SeriesTrial;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.internal.TerminalProgress;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
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

/** Answers b4 in its own words, and never without an answer: no output and exit code 0 would be "nothing to report". */
@Command(
        name = "b4-check",
        description = {
            "Checks a series for b4 (b4.review-series-check-cmd), as ksplat patch does.",
            "Reads the mail that b4 gives on standard input, and prints b4's JSON."
        },
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:pass", "1:warn or fail", "2:usage", "3:ksplat failed; the answer is fail, and says so"})
final class B4CheckCommand implements Callable<Integer> {
    /** Where b4 names the file in which it describes the series. */
    private static final String TRACKING = "B4_TRACKING_FILE";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "REPRODUCER", description = "The same as --reproducer.")
    private List<String> words = List.of();

    @Option(
            names = "--tree",
            paramLabel = "PATH",
            description =
                    "A kernel tree; it is only read. Default: where b4 runs it, on the base of b4's review branch.")
    private @Nullable Path tree;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Where a folder for each series goes, default ~/.local/state/ksplat/b4-check.")
    private @Nullable Path reports;

    @Mixin
    private SeriesMixin series = new SeriesMixin();

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Override
    public Integer call() throws Exception {
        List<String> own = ProgramMixin.own(spec, words);
        if (own.isEmpty() && !series.namesReproducers()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "name a reproducer: ksplat b4-check REPRODUCER, or --all; " + ReproducerMixin.FORMS);
        }
        List<Catalogue.Entry> chosen = series.entries(spec, own);
        PrintWriter out = spec.commandLine().getOut();
        PrintStream stdout = System.out;
        // What a reproducer prints is not JSON.
        System.setOut(System.err);
        try {
            SeriesCheck check = check(chosen);
            out.println(check.json());
            out.flush();
            return check.status() == SeriesCheck.Status.PASS ? Exit.EXPECTED : Exit.UNEXPECTED;
        } finally {
            System.setOut(stdout);
        }
    }

    /** Prints the answer for an error, which is told on standard error as well; returns the exit code if it has one of its own. */
    Optional<Integer> failed(Exception e, String told) {
        SeriesCheck check = SeriesCheck.of(e, told);
        PrintWriter out = spec.commandLine().getOut();
        out.println(check.json());
        out.flush();
        return check.isOfKsplat() ? Optional.empty() : Optional.of(Exit.UNEXPECTED);
    }

    private SeriesCheck check(List<Catalogue.Entry> chosen) throws Exception {
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        Path here = Path.of("").toAbsolutePath();
        Optional<Path> tracking = Optional.ofNullable(System.getenv(TRACKING)).map(Path::of);
        try (AskedSeries asked = AskedSeries.read(System.in, here, tracking, progress)) {
            SeriesTrial.Question question = tree == null
                    ? series.question(spec, here, asked.base(), false)
                    : series.question(spec, tree, Optional.empty(), false);
            SeriesTrial trial = SeriesTrial.of(question, asked.mails(), List.of(), progress);
            Path report = asked.report(Optional.ofNullable(reports));
            PatchResult result;
            String text;
            try (Session session =
                            Session.openUntilSignal(machines.options(progress).calledWith(Main.arguments(spec)));
                    Runner runner = new EntryRunner()) {
                RunSettings settings =
                        RunSettings.of(RunSettings.DEFAULT_KERNEL).reportedIn(report);
                session.report(report);
                List<Trial> trials = chosen.stream()
                        .<Trial>map(entry -> new RunnerTrial(session, runner, entry, settings))
                        .toList();
                result = trial.run(trials, (name, verdict) -> {});
                text = trial.write(result, report);
            }
            ReportPages.write(report, spec.commandLine().getErr());
            return SeriesCheck.of(result, text, report.resolve("index.html").toUri());
        }
    }
}
