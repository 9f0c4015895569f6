// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A C function that a series of patches changes.
 *
 * @param file below the tree
 * @param line the first line of it that is changed, as the series leaves the file
 */
public record TouchedFunction(String file, String function, int line) {
    /** Without lines of context. */
    private static final Pattern HUNK = Pattern.compile("@@ -[0-9]+(?:,([0-9]+))? \\+([0-9]+)(?:,([0-9]+))? @@ ?(.*)");

    private static final Pattern FILE = Pattern.compile("\\+\\+\\+ b/(.*?)\\t?");
    private static final Pattern NAME = Pattern.compile("\\b([A-Za-z_]\\w*)\\s*\\(\\s*(\\w*)");

    /** Macros that define a function, whose name is their first argument. */
    private static final Pattern DEFINES = Pattern.compile("(?:COMPAT_)?SYSCALL_DEFINE[0-9]|BPF_CALL_[0-9]");

    /** What may stand before the name, with arguments of its own. */
    private static final Set<String> ATTRIBUTES = Set.of(
            "__attribute__",
            "__printf",
            "__acquires",
            "__releases",
            "__must_hold",
            "__section",
            "__aligned",
            "__alloc_size");

    /** Reads the output of {@code git diff -U0}. */
    static List<TouchedFunction> of(List<String> diff) {
        Reader reader = new Reader();
        diff.forEach(reader::line);
        return List.copyOf(reader.found);
    }

    private static final class Reader {
        private final List<TouchedFunction> found = new ArrayList<>();
        private final Set<String> seen = new HashSet<>();
        private String file = "";
        private Optional<String> before = Optional.empty();
        private Optional<String> current = Optional.empty();
        private int removed;
        private int added;
        private int number;

        void line(String text) {
            if (removed > 0 && text.startsWith("-")) {
                removed--;
                code(text.substring(1));
                if (removed == 0) {
                    current = before;
                }
            } else if (added > 0 && text.startsWith("+")) {
                added--;
                code(text.substring(1));
                number++;
            } else {
                head(text);
            }
        }

        private void head(String text) {
            Matcher name = FILE.matcher(text);
            Matcher hunk = HUNK.matcher(text);
            if (name.matches()) {
                file = name.group(1);
            } else if (hunk.matches()) {
                removed = count(hunk.group(1));
                added = count(hunk.group(3));
                number = Math.max(1, Integer.parseInt(hunk.group(2)));
                before = defined(hunk.group(4));
                current = before;
            }
        }

        private static int count(String digits) {
            return digits == null ? 1 : Integer.parseInt(digits);
        }

        private void code(String text) {
            Optional<String> begun = defined(text);
            if (begun.isPresent()) {
                current = begun;
            }
            boolean inBody = text.matches("[ \\t]+(?!\\*[ /]|\\*$)\\S.*");
            if (current.isPresent() && (begun.isPresent() || inBody) && seen.add(file + ":" + current.get())) {
                found.add(new TouchedFunction(file, current.get(), number));
            }
        }
    }

    /** Returns the function that a line begins to define. */
    private static Optional<String> defined(String text) {
        int arguments = text.indexOf('(');
        if (!text.matches("[A-Za-z_].*")
                || arguments < 0
                || text.endsWith(";")
                || text.substring(0, arguments).contains("=")) {
            return Optional.empty();
        }
        Matcher name = NAME.matcher(text);
        while (name.find()) {
            if (DEFINES.matcher(name.group(1)).matches()) {
                return Optional.of(name.group(2));
            }
            if (!ATTRIBUTES.contains(name.group(1))) {
                return name.group(1).matches("[A-Z0-9_]+") ? Optional.empty() : Optional.of(name.group(1));
            }
        }
        return Optional.empty();
    }
}
