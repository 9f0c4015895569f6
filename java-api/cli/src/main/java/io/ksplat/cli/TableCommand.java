// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.MarkdownTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "table",
        description = "Makes one table of several reports, as each has of its own in table.md.",
        mixinStandardHelpOptions = true)
final class TableCommand implements Callable<Integer> {
    static final String BEGIN = "<!-- ksplat table -->";
    static final String END = "<!-- end of ksplat table -->";

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            arity = "1..*",
            description = "Folders of reports; if two have the same run, the later one counts.")
    private List<Path> folders = List.of();

    @Option(
            names = "--into",
            paramLabel = "FILE",
            description = "Put it into this file, between the lines " + BEGIN + " and " + END + ".")
    private @Nullable Path into;

    @Override
    public Integer call() throws IOException {
        List<List<RunRecord>> results = new ArrayList<>();
        for (Path folder : folders) {
            results.add(read(folder));
        }
        String table = MarkdownTable.of(results);
        if (into == null) {
            PrintWriter out = spec.commandLine().getOut();
            out.print(table);
            out.flush();
            return Exit.EXPECTED;
        }
        String text = Files.readString(into);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new ParameterException(
                    spec.commandLine(), into + " has no place for a table: add the lines " + BEGIN + " and " + END);
        }
        Files.writeString(into, text.substring(0, begin) + BEGIN + "\n\n" + table + "\n" + text.substring(end));
        return Exit.EXPECTED;
    }

    private List<RunRecord> read(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new ParameterException(spec.commandLine(), "there is no " + folder + ": name the folder of a report");
        }
        return ResultsReader.read(folder);
    }
}
