// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
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

    @Override
    public Integer call() throws Exception {
        List<RunRecord> runs = ResultsReader.read(folder);
        PrintWriter out = spec.commandLine().getOut();
        runs.forEach(run -> out.print(RunText.of(run, folder)));
        out.print(ErrorGuide.end(runs, folder));
        out.flush();
        return Exit.of(runs);
    }
}
