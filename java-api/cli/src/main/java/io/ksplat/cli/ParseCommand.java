// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.internal.FailOn;
import io.ksplat.results.internal.KnownReports;
import io.ksplat.results.internal.LogFiles;
import io.ksplat.results.internal.LogParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
        name = "parse",
        description = "Finds kernel reports in a log: a console, dmesg, journalctl, netconsole.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "0:no report was found",
            "1:some report was found (of --fail-on, and not --known)",
            "2:usage",
            "3:a file cannot be read"
        })
final class ParseCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "FILE",
            arity = "1..*",
            description = "Logs, also gz, xz and zst, and folders of them; - is standard input.")
    private List<String> files = List.of();

    @Option(names = "--json", description = "One line of JSON a file.")
    private boolean json;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Also a report: results.json, JUnit XML, pages (index.html), and each log with its evidence.")
    private @Nullable Path report;

    @Option(
            names = "--follow",
            description =
                    "Read one log as it grows, through its rotation too, and tell each report at once. Standard input ends it, or Ctrl-C.")
    private boolean follow;

    @Option(
            names = "--fail-on",
            paramLabel = "KIND",
            split = ",",
            description = "Exit with 1 only for these kinds, as --json names them. Others are printed.")
    private Set<String> failOn = Set.of();

    @Mixin
    private KnownMixin known = new KnownMixin();

    @Override
    public Integer call() throws IOException {
        KnownReports reports = known.read();
        FailOn failing = failing(reports);
        PrintWriter out = spec.commandLine().getOut();
        if (follow) {
            return follow(failing, reports, out);
        }
        boolean fails = false;
        boolean broken = false;
        long lines = 0;
        long kernelLines = 0;
        long found = 0;
        List<String> logFiles = LogFiles.of(files);
        try (LogParser logs = new LogParser(Optional.ofNullable(report).map(Path::toAbsolutePath))) {
            for (String file : logFiles) {
                LogParser.Found here;
                try {
                    here = logs.parse(file);
                } catch (LogParser.Unreadable e) {
                    broken = true;
                    tell("ksplat: " + ErrorGuide.told(e, spec.commandLine()));
                    continue;
                }
                fails |= failing.isIn(here);
                lines += here.lines();
                kernelLines += here.kernelLines();
                found += here.evidence().size();
                out.print(json ? here.json() + "\n" : here.text(logFiles.size() > 1 ? file + ": " : "", reports));
                out.flush();
                if (here.broken().isPresent()) {
                    broken = true;
                    tell(file + " " + here.broken().get() + ": what it has up to there was parsed; get it whole");
                }
            }
        }
        if (report != null) {
            ReportPages.write(report, spec.commandLine().getErr());
        }
        if (!json) {
            if (report != null) {
                out.println("Report: " + report);
            }
            out.println(counts(lines, kernelLines, found));
            out.flush();
        }
        return fails ? Exit.UNEXPECTED : broken ? Exit.HARNESS : Exit.EXPECTED;
    }

    private void tell(String line) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }

    private int follow(FailOn failing, KnownReports reports, PrintWriter out) throws IOException {
        if (files.size() != 1 || report != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--follow reads one log and writes no report: name one file or -, without --report");
        }
        if (!files.get(0).equals("-") && Files.isDirectory(Path.of(files.get(0)))) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--follow reads one log, and " + files.get(0) + " is a folder: name a file in it");
        }
        boolean[] fails = new boolean[1];
        try (LogParser logs = new LogParser(Optional.empty())) {
            logs.follow(files.get(0), found -> {
                fails[0] |= failing.isIn(found);
                out.print(json ? line(found) : found.text("", reports));
                out.flush();
            });
        }
        return fails[0] ? Exit.UNEXPECTED : Exit.EXPECTED;
    }

    private static String line(LogParser.Found found) {
        try {
            return found.json() + "\n";
        } catch (IOException e) {
            throw new UncheckedIOException("writing a report as JSON: " + e.getMessage(), e);
        }
    }

    private static String counts(long lines, long kernelLines, long found) {
        String counts = "%d line%s, %d of them with a kernel's stamp, %d report%s"
                .formatted(lines, lines == 1 ? "" : "s", kernelLines, found, found == 1 ? "" : "s");
        return kernelLines == 0 && found == 0
                ? counts + ": nothing says that a kernel printed this, so it shows nothing"
                : counts;
    }

    private FailOn failing(KnownReports reports) {
        try {
            return new FailOn(failOn, reports);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--fail-on: " + e.getMessage(), e);
        }
    }
}
