// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.Evidence;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reports that somebody knows already: tables of TOML ({@link KnownTable}), or one a line, {@code SIGNATURE | UNTIL | REASON}. Each has a
 * last day or kernels, behind which it counts again: nothing is forgotten for ever.
 */
public final class KnownReports {
    /** Nothing is known. */
    public static final KnownReports NONE = new KnownReports(List.of());

    private static final Pattern LINE = Pattern.compile("(\\S.*?) *\\| *(\\S+) *\\| *(\\S.*?) *");

    private final List<KnownTable> entries;

    private KnownReports(List<KnownTable> entries) {
        this.entries = List.copyOf(entries);
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it cannot be read, or says something that makes no sense
     */
    public static KnownReports read(Path file) throws IOException {
        try {
            return of(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        }
    }

    /** Reads what a stream has, and closes it. */
    public static KnownReports read(String name, InputStream stream) throws IOException {
        try (stream) {
            return of(name, new String(stream.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static KnownReports of(String file, String text) throws IOException {
        boolean tables = text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                .findFirst()
                .filter(line -> line.startsWith("[["))
                .isPresent();
        return new KnownReports(
                tables ? KnownTable.read(file, text) : lines(file, text.lines().toList()));
    }

    private static List<KnownTable> lines(String file, List<String> lines) throws IOException {
        List<KnownTable> entries = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String where = file + ":" + (i + 1);
            Matcher parts = LINE.matcher(line);
            if (!parts.matches()) {
                throw new IOException(where + ": neither [[known]] nor SIGNATURE | UNTIL | REASON (parse --json "
                        + "prints the signature): " + line);
            }
            entries.add(
                    new KnownTable(parts.group(1), List.of(), Optional.of(day(where, parts.group(2))), parts.group(3)));
        }
        return entries;
    }

    static LocalDate day(String where, String text) throws IOException {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeParseException e) {
            throw new IOException(where + ": not a date as 2027-01-31: " + text, e);
        }
    }

    /** Returns why a report of a log is known today; empty if it is not, or no longer. A log may be of any kernel. */
    public Optional<String> reason(Evidence found) {
        return reason(found.signature(), Optional.empty(), LocalDate.now(ZoneId.systemDefault()));
    }

    /**
     * Returns why a report of a signature is known today; empty if it is not, or no longer.
     *
     * @param release the kernel's
     */
    public Optional<String> reason(String signature, String release) {
        return reason(signature, Optional.of(release), LocalDate.now(ZoneId.systemDefault()));
    }

    /** Returns why a report of a kernel is known; empty if it is not, or no longer on this day. */
    public Optional<String> reason(Evidence found, String release, LocalDate today) {
        return reason(found.signature(), Optional.of(release), today);
    }

    private Optional<String> reason(String signature, Optional<String> release, LocalDate today) {
        return entries.stream()
                .filter(entry -> entry.isOf(signature, release, today))
                .map(KnownTable::words)
                .findFirst();
    }
}
