// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * One report that is known, as a table {@code [[known]]} of TOML has it.
 *
 * @param signature of its evidence
 * @param kernels the beginnings of the releases on which it is known; all if there are none
 * @param until the last day on which it is known
 * @param reason who told it, or what cured it
 */
record KnownTable(String signature, List<String> kernels, Optional<LocalDate> until, String reason) {
    private static final String NAME = "known";
    private static final Set<String> KEYS =
            new TreeSet<>(Set.of("signature", "kernels", "until", "reason", "thread", "commit"));
    /** A release goes on behind its series with a dot, a dash or a plus, and never with a digit. */
    private static final Pattern REST = Pattern.compile("(\\D.*)?", Pattern.DOTALL);

    KnownTable {
        kernels = List.copyOf(kernels);
    }

    /** Reads all tables of a text. */
    static List<KnownTable> read(String file, String text) throws IOException {
        JsonNode all;
        try {
            all = new TomlMapper().readTree(text);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    file + ":"
                            + (e.getLocation() == null ? "" : e.getLocation().getLineNr() + ":") + " "
                            + e.getOriginalMessage(),
                    e);
        }
        check(file, all, Set.of(NAME));
        List<KnownTable> tables = new ArrayList<>();
        for (JsonNode table : all.path(NAME)) {
            tables.add(of(file + ": the " + (tables.size() + 1) + ". [[" + NAME + "]]", table));
        }
        return tables;
    }

    private static KnownTable of(String where, JsonNode table) throws IOException {
        check(where, table, KEYS);
        List<String> kernels = new ArrayList<>();
        for (JsonNode kernel : table.path("kernels")) {
            kernels.add(kernel.asText());
        }
        String until = table.path("until").asText();
        if (kernels.isEmpty() && until.isEmpty()) {
            throw new IOException(where + " would hide it for ever: say kernels = [\"6.12\"], or until = 2027-01-31");
        }
        StringBuilder reason = new StringBuilder(text(where, table, "reason"));
        for (String source : List.of("thread", "commit")) {
            if (table.has(source)) {
                reason.append(", ").append(source).append(' ').append(text(where, table, source));
            }
        }
        return new KnownTable(
                text(where, table, "signature"),
                kernels,
                until.isEmpty() ? Optional.empty() : Optional.of(KnownReports.day(where, until)),
                reason.toString());
    }

    private static void check(String where, JsonNode table, Set<String> keys) throws IOException {
        for (Iterator<String> names = table.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!keys.contains(name)) {
                throw new IOException(where + " has a key " + name + "; there are " + String.join(", ", keys));
            }
        }
    }

    private static String text(String where, JsonNode table, String key) throws IOException {
        String text = table.path(key).asText();
        if (text.isBlank()) {
            throw new IOException(where + " has no " + key);
        }
        return text;
    }

    /** Returns whether it is the one that was found, on a kernel (any, if it is not told) and a day. */
    boolean isOf(String found, Optional<String> release, LocalDate today) {
        return signature.equals(found)
                && until.map(day -> !today.isAfter(day)).orElse(true)
                && (kernels.isEmpty()
                        || release.map(name -> kernels.stream().anyMatch(kernel -> begins(name, kernel)))
                                .orElse(true));
    }

    private static boolean begins(String release, String kernel) {
        return release.startsWith(kernel)
                && REST.matcher(release.substring(kernel.length())).matches();
    }

    /** Returns why it is known. */
    String words() {
        return reason + until.map(day -> ", until " + day).orElse("");
    }
}
