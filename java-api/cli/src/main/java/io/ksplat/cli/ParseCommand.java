// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.internal.EvidenceText;
import io.ksplat.results.internal.ResultsJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
            description = "Also a report: results.json, JUnit XML, and each log with its evidence.")
    private @Nullable Path report;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        ObjectMapper mapper = new ObjectMapper();
        LogReport logs = report == null ? null : new LogReport(report.toAbsolutePath());
        boolean found = false;
        for (String file : files) {
            List<Evidence> evidence = logs == null ? parse(file, (buffer, length) -> {}) : parse(file, logs);
            found |= !evidence.isEmpty();
            if (json) {
                out.println(mapper.writeValueAsString(line(mapper, file, evidence)));
            } else {
                for (Evidence report : evidence) {
                    out.print((files.size() > 1 ? file + ": " : "") + EvidenceText.brief(report));
                }
            }
            out.flush();
        }
        if (report != null && !json) {
            out.println("Report: " + report);
            out.flush();
        }
        return found ? Exit.UNEXPECTED : Exit.EXPECTED;
    }

    /** Takes what was read. */
    @FunctionalInterface
    private interface Copy {
        void keep(byte[] buffer, int length) throws IOException;
    }

    private static List<Evidence> parse(String file, LogReport logs) throws IOException {
        try (LogReport.Run run = logs.begin(file)) {
            List<Evidence> evidence = parse(file, run::keep);
            run.end(evidence);
            return evidence;
        }
    }

    private static List<Evidence> parse(String file, Copy copy) throws IOException {
        List<Evidence> evidence = new ArrayList<>();
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file));
                ConsoleParser parser = new ConsoleParser(evidence::add)) {
            byte[] buffer = new byte[64 * 1024];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                copy.keep(buffer, length);
                parser.feed(buffer, 0, length);
            }
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        }
        return evidence;
    }

    private static ObjectNode line(ObjectMapper mapper, String file, List<Evidence> evidence) {
        ArrayNode array = mapper.createArrayNode();
        for (Evidence report : evidence) {
            ObjectNode node = ResultsJson.evidence(report);
            node.put("type", report.type());
            report.function().ifPresent(function -> node.put("function", function));
            array.add(node);
        }
        ObjectNode line = mapper.createObjectNode().put("file", file);
        line.set("evidence", array);
        return line;
    }
}
