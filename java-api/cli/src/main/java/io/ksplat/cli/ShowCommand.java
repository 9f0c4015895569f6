// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.report.internal.HtmlReport;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import io.ksplat.results.internal.Kcidb;
import io.ksplat.results.internal.Ktap;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
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
            "0:every verdict is the expected one",
            "1:some verdict differs",
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

    @Option(
            names = "--baseline",
            paramLabel = "DIR",
            description = "With --html: an earlier report, to show what is new, changed or gone since.")
    private @Nullable Path baseline;

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
        if ((html ? 1 : 0) + (ktap ? 1 : 0) + (kcidb == null ? 0 : 1) > 1) {
            throw new ParameterException(spec.commandLine(), "one of --html, --kcidb and --ktap at a time");
        }
        if (baseline != null && !html) {
            throw new ParameterException(spec.commandLine(), "--baseline is for the pages: add --html");
        }
        PrintWriter out = spec.commandLine().getOut();
        if (kcidb != null) {
            List<StoredRun> stored = StoredReport.read(folder);
            out.println(Kcidb.of(kcidb, stored).toPrettyString());
            out.flush();
            return Exit.of(stored.stream().map(StoredRun::run).toList());
        }
        List<RunRecord> runs = html && HtmlReport.hasNoRuns(folder) ? List.of() : ResultsReader.read(folder);
        if (ktap) {
            out.print(Ktap.of(runs));
            out.flush();
            return Exit.of(runs);
        }
        if (html) {
            Path first = HtmlReport.write(folder.toAbsolutePath(), Optional.ofNullable(baseline));
            out.println(first);
            out.flush();
            return Exit.of(runs);
        }
        runs.forEach(run -> out.print(RunText.of(run, folder)));
        out.print(ErrorGuide.end(runs, folder));
        out.flush();
        return Exit.of(runs);
    }
}
