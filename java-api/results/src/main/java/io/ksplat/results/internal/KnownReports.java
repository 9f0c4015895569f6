// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reports that somebody knows already, one a line: {@code SIGNATURE | UNTIL | REASON}, with a date as 2027-01-31. Behind that day the report counts again:
 * nothing is forgotten for ever.
 */
public final class KnownReports {
    /** Nothing is known. */
    public static final KnownReports NONE = new KnownReports(Map.of());

    private static final Pattern LINE = Pattern.compile("(\\S.*?) *\\| *(\\S+) *\\| *(\\S.*?) *");

    private final Map<String, Entry> entries;

    private KnownReports(Map<String, Entry> entries) {
        this.entries = entries;
    }

    private record Entry(LocalDate until, String reason) {}

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read, or a line is not of the form
     */
    public static KnownReports read(Path file) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        int number = 0;
        try {
            for (String line : Files.readAllLines(file)) {
                number++;
                if (!line.isBlank() && !line.startsWith("#")) {
                    Matcher parts = LINE.matcher(line.strip());
                    if (!parts.matches()) {
                        throw new IOException(file + ":" + number
                                + ": not SIGNATURE | UNTIL | REASON (parse --json prints the signature): " + line);
                    }
                    entries.put(parts.group(1), new Entry(LocalDate.parse(parts.group(2)), parts.group(3)));
                }
            }
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        } catch (DateTimeParseException e) {
            throw new IOException(file + ":" + number + ": not a date as 2027-01-31: " + e.getParsedString(), e);
        }
        return new KnownReports(entries);
    }

    /** Returns why a report is known today; empty if it is not, or no longer. */
    public Optional<String> reason(Evidence found) {
        return reason(found, LocalDate.now(ZoneId.systemDefault()));
    }

    /** Returns why a report of a signature is known today; empty if it is not, or no longer. */
    public Optional<String> reason(String signature) {
        return reason(signature, LocalDate.now(ZoneId.systemDefault()));
    }

    /** Returns why a report is known; empty if it is not, or no longer on this day. */
    public Optional<String> reason(Evidence found, LocalDate today) {
        return reason(found.signature(), today);
    }

    private Optional<String> reason(String signature, LocalDate today) {
        return Optional.ofNullable(entries.get(signature))
                .filter(entry -> !today.isAfter(entry.until()))
                .map(entry -> entry.reason() + ", until " + entry.until());
    }
}
