// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.report.internal.HtmlReport;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
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

    @Override
    public Integer call() throws Exception {
        if (baseline != null && !html) {
            throw new ParameterException(spec.commandLine(), "--baseline is for the pages: add --html");
        }
        List<RunRecord> runs = html && HtmlReport.hasNoRuns(folder) ? List.of() : ResultsReader.read(folder);
        PrintWriter out = spec.commandLine().getOut();
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
