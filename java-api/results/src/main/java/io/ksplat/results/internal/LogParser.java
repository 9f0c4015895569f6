// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.internal.Incidents;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

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
     * @param broken why the rest of it could not be read; empty if all was
     */
    public record Found(String file, List<Evidence> evidence, long lines, long kernelLines, Optional<String> broken) {
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
                text.append(prefix).append(LogParser.text(each, known));
            }
            return text.toString();
        }
    }

    private static String text(Evidence found, KnownReports known) {
        StringBuilder text = new StringBuilder(EvidenceText.brief(found));
        String facts = EvidenceFacts.of(found);
        text.append(facts.isEmpty() ? "" : "  " + facts + "\n");
        known.reason(found)
                .ifPresent(reason -> text.append("  known: ").append(reason).append("\n"));
        return text.toString();
    }

    /**
     * Reads a log.
     *
     * @param file its path, or {@code -} for standard input
     * @throws Unreadable if it cannot be opened
     * @throws IOException if the report cannot be written
     */
    public Found parse(String file) throws IOException {
        if (report.isEmpty()) {
            return read(file, (buffer, length) -> {});
        }
        try (LogReport.Run run = report.get().begin(file)) {
            Found found = read(file, run);
            if (found.broken().isEmpty()) {
                run.end(found.evidence());
            } else {
                run.endEarly(found.evidence(), found.broken().get());
            }
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

    /** A log that cannot be opened. */
    public static final class Unreadable extends IOException {
        private static final long serialVersionUID = 1L;

        Unreadable(String message, IOException cause) {
            super(message, cause);
        }
    }

    /** Takes what was read. */
    @FunctionalInterface
    private interface Copy {
        void keep(byte[] buffer, int length) throws IOException;
    }

    private static Found read(String file, LogReport.Run run) throws IOException {
        try {
            return read(file, run::keep);
        } catch (Unreadable e) {
            run.fail(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private static Found read(String file, Copy copy) throws IOException {
        List<Evidence> evidence = new ArrayList<>();
        LogTally tally = new LogTally();
        Optional<String> broken = Optional.empty();
        try (InputStream in = open(file);
                ConsoleParser parser = new ConsoleParser(evidence::add)) {
            byte[] buffer = new byte[64 * 1024];
            for (int length = read(in, buffer, tally); length >= 0; length = read(in, buffer, tally)) {
                copy.keep(buffer, length);
                tally.feed(buffer, length);
                parser.feed(buffer, 0, length);
            }
        } catch (Torn e) {
            // what came before is told: a log that was cut off is still a log
            broken = Optional.of(String.valueOf(e.getMessage()));
        }
        return new Found(file, Incidents.together(evidence), tally.lines(), tally.kernels(), broken);
    }

    private static InputStream open(String file) throws IOException {
        try {
            return LogFiles.open(file);
        } catch (FileNotFoundException e) {
            throw new Unreadable(String.valueOf(e.getMessage()), e);
        } catch (EOFException e) {
            // not even the header of an archive is whole
            throw new Torn(0, e);
        } catch (IOException e) {
            throw new Unreadable("cannot read " + file + ": " + (e.getMessage() == null ? e : e.getMessage()), e);
        }
    }

    private static int read(InputStream in, byte[] buffer, LogTally tally) throws Torn {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw new Torn(tally.lines(), e);
        }
    }

    /** A log that can be read only up to some place. */
    private static final class Torn extends IOException {
        private static final long serialVersionUID = 1L;

        Torn(long line, IOException cause) {
            super(
                    "ends early after line " + line + " ("
                            + (cause.getMessage() == null ? "the archive was cut" : cause.getMessage()) + ")",
                    cause);
        }
    }

    /**
     * Reads a log that grows, and returns when it has ended: standard input does, a file does not.
     *
     * @param told takes each report as soon as it is complete
     */
    public void follow(String file, Consumer<Found> told) throws IOException {
        try (ConsoleParser parser =
                new ConsoleParser(found -> told.accept(new Found(file, List.of(found), 0, 0, Optional.empty())))) {
            LogFollower.follow(file, parser);
        }
    }
}
