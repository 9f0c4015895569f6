// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.report.internal.HtmlReport;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import io.ksplat.results.internal.GithubAnnotations;
import io.ksplat.results.internal.Kcidb;
import io.ksplat.results.internal.Ktap;
import io.ksplat.results.internal.News;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.PatchRecord;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "show",
        description = "Prints what run printed, from the report alone; also names runs that did not finish.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:every verdict is the expected one (or, with --baseline or --known, what differs is not new); of a patch"
                    + " trial: CURES or CHANGES NOTHING",
            "1:some verdict differs; any other verdict of a patch trial",
            "2:usage",
            "3:the harness failed (any ERROR), or a run did not finish"
        })
final class ShowCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "The folder of a report, default ksplat-report.")
    private Path folder = io.ksplat.engine.RunSettings.DEFAULT_REPORT;

    @Option(names = "--html", description = "Write the report's pages anew, and print the first one's place.")
    private boolean html;

    @Mixin
    private BaselineMixin baseline = new BaselineMixin();

    @Mixin
    private KnownMixin known = new KnownMixin();

    @Option(
            names = "--annotations",
            description = "Print workflow commands of GitHub: what is not as expected, at its line of the BPF program;"
                    + " of a patch trial what speaks against the series, at the line that it changes. Files are looked"
                    + " for below the current folder.")
    private boolean annotations;

    @Option(
            names = "--kcidb",
            paramLabel = "ORIGIN",
            description =
                    "Print the report as KernelCI's database takes it (KCIDB 5.3), from a CI system of that name.")
    private @Nullable String kcidb;

    @Option(names = "--ktap", description = "Print the report as KTAP, as the kernel's own tests do.")
    private boolean ktap;

    @Override
    public Integer call() throws Exception {
        if (Stream.of(html, ktap, kcidb != null, annotations)
                        .filter(given -> given)
                        .count()
                > 1) {
            throw new ParameterException(
                    spec.commandLine(), "one of --html, --kcidb, --ktap and --annotations at a time");
        }
        PrintWriter out = spec.commandLine().getOut();
        News news = baseline.news(known.read());
        if (kcidb != null) {
            List<StoredRun> stored = StoredReport.read(folder);
            out.println(Kcidb.of(kcidb, stored).toPrettyString());
            out.flush();
            return Exit.of(stored.stream().map(StoredRun::run).toList(), news);
        }
        List<RunRecord> runs = html && HtmlReport.hasNoRuns(folder) ? List.of() : ResultsReader.read(folder);
        Optional<PatchRecord> trial = CampaignFiles.trial(folder);
        int code =
                trial.map(of -> of.isGood() ? Exit.EXPECTED : Exit.UNEXPECTED).orElseGet(() -> Exit.of(runs, news));
        if (ktap) {
            out.print(Ktap.of(runs, trial));
            out.flush();
            return code;
        }
        if (annotations) {
            Path root = Path.of("").toAbsolutePath();
            // The runs of the base show the bug: each by itself says nothing.
            out.print(
                    trial.isPresent()
                            ? GithubAnnotations.of(trial.get(), root)
                            : GithubAnnotations.of(runs, news, root));
            out.flush();
            return code;
        }
        if (html) {
            Path first = HtmlReport.write(folder.toAbsolutePath(), baseline.folder());
            out.println(first);
            out.flush();
            // A sweep, a hunt or a benchmark alone is a report, and has no verdict that could differ.
            return runs.isEmpty() && trial.isEmpty() && HtmlReport.hasCampaigns(folder) ? Exit.EXPECTED : code;
        }
        runs.forEach(run -> out.print(RunText.of(run, folder)));
        trial.ifPresent(of -> out.println("the series: " + of.verdict() + ": " + of.why()));
        out.print(ErrorGuide.end(runs, folder));
        if (baseline.isGiven() || known.isGiven()) {
            out.print(news.text(runs));
        }
        out.flush();
        return code;
    }
}
