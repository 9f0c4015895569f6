// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.internal.LogParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "parse",
        description = "Finds kernel reports in a log: a console, dmesg, journalctl, netconsole.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:no report was found", "1:some report was found", "2:usage", "3:a file cannot be read"})
final class ParseCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Logs; - is standard input.")
    private List<String> files = List.of();

    @Option(names = "--json", description = "One line of JSON a file.")
    private boolean json;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Also a report: results.json, JUnit XML, pages (index.html), and each log with its evidence.")
    private @Nullable Path report;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        boolean found = false;
        try (LogParser logs = new LogParser(Optional.ofNullable(report).map(Path::toAbsolutePath))) {
            for (String file : files) {
                LogParser.Found here = logs.parse(file);
                found |= here.any();
                if (json) {
                    out.println(here.json());
                } else {
                    out.print(here.text(files.size() > 1 ? file + ": " : ""));
                }
                out.flush();
            }
        }
        if (report != null) {
            ReportPages.write(report, spec.commandLine().getErr());
        }
        if (report != null && !json) {
            out.println("Report: " + report);
            out.flush();
        }
        return found ? Exit.UNEXPECTED : Exit.EXPECTED;
    }
}
