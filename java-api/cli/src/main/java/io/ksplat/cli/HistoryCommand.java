// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.history.History;
import io.ksplat.campaign.internal.history.HistoryAnswer;
import io.ksplat.campaign.internal.history.HistoryJson;
import io.ksplat.campaign.internal.history.HistoryPageRecord;
import io.ksplat.campaign.internal.history.HistoryText;
import io.ksplat.report.internal.HtmlReport;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "history",
        description = "Keeps the runs of many reports: what was seen first and last, how often, and how long it took.",
        mixinStandardHelpOptions = true)
final class HistoryCommand implements Runnable {
    static final String PLACE = "An SQLite file, or jdbc:postgresql://HOST/DATABASE.";
    private static final String DEFAULT = "${env:KSPLAT_HISTORY:-ksplat-history.db}";
    private static final String WHERE = PLACE + " Default: $KSPLAT_HISTORY, else ksplat-history.db.";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what: ksplat history add or show");
    }

    @Command(
            name = "add",
            description = "Adds the runs of reports. Those that are there already stay as they are.",
            mixinStandardHelpOptions = true)
    int add(
            @Parameters(paramLabel = "REPORT", arity = "1..*", description = "Folders of reports.") List<Path> reports,
            @Option(names = "--history", paramLabel = "HISTORY", defaultValue = DEFAULT, description = WHERE)
                    String address)
            throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        try (History history = History.open(address)) {
            for (Path report : reports) {
                History.Added added = history.add(report);
                out.println(report + ": " + added.runs() + " runs are new, " + added.known() + " were there"
                        + (added.unfinished() == 0 ? "" : ", " + added.unfinished() + " did not finish and stay out"));
                out.flush();
            }
        }
        return Exit.EXPECTED;
    }

    @Command(
            name = "show",
            description = "Prints what the history has of a signature, a reproducer or a kernel.",
            mixinStandardHelpOptions = true)
    int show(
            @Parameters(
                            paramLabel = "NAME",
                            arity = "0..1",
                            description =
                                    "A signature; a reproducer; a kernel's release, spec or key in reports. Default: all.")
                    @Nullable
                    String name,
            @Option(names = "--history", paramLabel = "HISTORY", defaultValue = DEFAULT, description = WHERE)
                    String address,
            @Option(
                            names = "--report",
                            paramLabel = "DIR",
                            description = "Also make it a page of the report in this folder, which may be a new one.")
                    @Nullable
                    Path report,
            @Option(names = "--json", description = "Print JSON.") boolean json)
            throws Exception {
        HistoryAnswer answer;
        try (History history = History.existing(address)) {
            answer = (name == null ? history.all() : history.about(name))
                    .orElseThrow(() -> new ParameterException(
                            spec.commandLine(),
                            name == null
                                    ? "the history has no runs: ksplat history add REPORT"
                                    : "the history has no signature, reproducer or kernel " + name
                                            + ": add its report, or see ksplat list"));
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(json ? HistoryJson.of(answer) + "\n" : HistoryText.of(answer));
        if (report != null) {
            CampaignFiles.write(report, HistoryPageRecord.of(answer));
            HtmlReport.write(report.toAbsolutePath(), Optional.empty());
            if (!json) {
                out.println("Page: " + report.resolve("history.html"));
            }
        }
        out.flush();
        return Exit.EXPECTED;
    }
}
