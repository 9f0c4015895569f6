// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.internal.history.History;
import io.ksplat.campaign.internal.history.HistoryAnswer;
import io.ksplat.campaign.internal.history.HistoryJson;
import io.ksplat.campaign.internal.history.HistoryText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
                            description = "A signature; a reproducer; a kernel's release, spec or key in reports.")
                    String name,
            @Option(names = "--history", paramLabel = "HISTORY", defaultValue = DEFAULT, description = WHERE)
                    String address,
            @Option(names = "--json", description = "Print JSON.") boolean json)
            throws Exception {
        try (History history = History.existing(address)) {
            Optional<HistoryAnswer> answer = history.about(name);
            if (answer.isEmpty()) {
                throw new ParameterException(
                        spec.commandLine(),
                        "the history has no signature, reproducer or kernel " + name
                                + ": add its report, or see ksplat list");
            }
            PrintWriter out = spec.commandLine().getOut();
            out.print(json ? HistoryJson.of(answer.get()) + "\n" : HistoryText.of(answer.get()));
            out.flush();
        }
        return Exit.EXPECTED;
    }
}
