// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.internal.Incidents;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds kernel reports in logs, and keeps them in a report if there is one. */
public final class LogParser implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Optional<LogReport> report;

    /** @param report the folder of a report; empty: none is written */
    public LogParser(Optional<Path> report) throws IOException {
        this.report = report.isPresent() ? Optional.of(new LogReport(report.get())) : Optional.empty();
    }

    /**
     * What was found in a file.
     *
     * @param lines how many lines it has that are not empty
     * @param kernelLines how many of them say that a kernel printed them
     */
    public record Found(String file, List<Evidence> evidence, long lines, long kernelLines) {
        public Found {
            evidence = List.copyOf(evidence);
        }

        /** Returns a line of JSON, as {@code parse --json} prints it. */
        public String json() throws IOException {
            ArrayNode array = MAPPER.createArrayNode();
            for (Evidence each : evidence) {
                ObjectNode node = ResultsJson.evidence(each);
                node.put("type", each.type());
                each.function().ifPresent(function -> node.put("function", function));
                array.add(node);
            }
            ObjectNode line = MAPPER.createObjectNode().put("file", file);
            line.set("evidence", array);
            return MAPPER.writeValueAsString(line);
        }

        /**
         * Returns it for people.
         *
         * @param prefix begins each report
         * @param known what is known already
         */
        public String text(String prefix, KnownReports known) {
            StringBuilder text = new StringBuilder();
            for (Evidence each : Incidents.gravestFirst(evidence)) {
                text.append(prefix).append(EvidenceText.brief(each));
                String facts = EvidenceFacts.of(each);
                text.append(facts.isEmpty() ? "" : "  " + facts + "\n");
                known.reason(each, LocalDate.now(ZoneId.systemDefault()))
                        .ifPresent(reason ->
                                text.append("  known: ").append(reason).append("\n"));
            }
            return text.toString();
        }
    }

    /**
     * Reads a log.
     *
     * @param file its path, or {@code -} for standard input
     * @throws IOException if it cannot be read
     */
    public Found parse(String file) throws IOException {
        if (report.isEmpty()) {
            return read(file, (buffer, length) -> {});
        }
        try (LogReport.Run run = report.get().begin(file)) {
            Found found = read(file, run::keep);
            run.end(found.evidence());
            return found;
        }
    }

    /** Writes the report, if there is one. */
    @Override
    public void close() throws IOException {
        if (report.isPresent()) {
            report.get().close();
        }
    }

    /** Takes what was read. */
    @FunctionalInterface
    private interface Copy {
        void keep(byte[] buffer, int length) throws IOException;
    }

    private static Found read(String file, Copy copy) throws IOException {
        List<Evidence> evidence = new ArrayList<>();
        LogTally tally = new LogTally();
        try (InputStream in = LogFiles.open(file);
                ConsoleParser parser = new ConsoleParser(evidence::add)) {
            byte[] buffer = new byte[64 * 1024];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                copy.keep(buffer, length);
                tally.feed(buffer, length);
                parser.feed(buffer, 0, length);
            }
        } catch (FileNotFoundException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
        }
        return new Found(file, Incidents.together(evidence), tally.lines(), tally.kernels());
    }
}
