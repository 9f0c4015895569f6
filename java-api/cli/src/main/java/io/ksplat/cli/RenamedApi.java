// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds names of the old API in a source, and says what they are now. */
final class RenamedApi {
    private static final String TABLE = "renamed.txt";

    private RenamedApi() {}

    private record Row(String before, String now) {
        private Pattern pattern() {
            boolean prefix = before.endsWith(".");
            return Pattern.compile("(?<!\\w)" + Pattern.quote(before) + (prefix ? "(\\w+|\\*)" : "(?!\\w)"));
        }
    }

    /** Returns one line that names the new names; empty if the source has no old one. */
    static Optional<String> hint(String source) throws IOException {
        Set<String> found = new LinkedHashSet<>();
        String rest = source;
        for (Row row : rows()) {
            Matcher old = row.pattern().matcher(rest);
            while (old.find()) {
                String name = row.before.endsWith(".") ? old.group(1) : "";
                found.add(row.before + name + " is " + row.now + name + " now");
            }
            rest = old.replaceAll("");
        }
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of("it was written for an older ksplat: " + String.join("; ", found));
    }

    private static List<Row> rows() throws IOException {
        try (InputStream in = RenamedApi.class.getResourceAsStream(TABLE)) {
            if (in == null) {
                throw new IOException(TABLE + " is not in ksplat's jar");
            }
            List<Row> rows = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(text -> !text.startsWith("#"))
                    .toList()) {
                int space = line.indexOf(' ');
                rows.add(new Row(line.substring(0, space), line.substring(space + 1)));
            }
            return rows;
        }
    }
}
