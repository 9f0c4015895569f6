// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The fields of {@code struct tst_test} as a test of LTP has them in its C (include/tst_test.h there), read without a preprocessor: by
 * their names without the dot, each as it is written.
 */
final class LtpSource {
    private static final Pattern COMMENT =
            Pattern.compile("(?<string>\"(?:[^\"\\\\\n]|\\\\.)*+\")|//[^\n]*|/\\*(?s:.*?)(?:\\*/|\\z)");
    private static final Pattern TEST = Pattern.compile("\\bstruct\\s+tst_test\\s+test\\s*=\\s*\\{");
    private static final Pattern FIELD = Pattern.compile("\\s*\\.(?<name>\\w+)\\s*=(?<value>.*)", Pattern.DOTALL);
    private static final Pattern STRING = Pattern.compile("\"((?:[^\"\\\\\n]|\\\\.)*+)\"");
    private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");
    private static final Pattern PRODUCT = Pattern.compile("\\d{1,9}(?:\\s*\\*\\s*\\d{1,9})?");

    private final String code;
    private final Map<String, String> fields;

    private LtpSource(String code, Map<String, String> fields) {
        this.code = code;
        this.fields = fields;
    }

    /** Returns the fields of a source; empty if it is no test of LTP. */
    static Optional<LtpSource> of(String source) {
        String code = COMMENT.matcher(source)
                .replaceAll(found -> Matcher.quoteReplacement(found.group(1) == null ? " " : found.group(1)));
        Matcher test = TEST.matcher(code);
        if (!test.find()) {
            return Optional.empty();
        }
        Map<String, String> fields = new TreeMap<>();
        // A field may stand in one branch of a condition.
        for (String part : parts(block(code, test.end() - 1).replaceAll("(?m)^[ \t]*#.*$", ""))) {
            Matcher field = FIELD.matcher(part);
            if (field.matches()) {
                fields.put(field.group("name"), field.group("value").strip());
            }
        }
        return Optional.of(new LtpSource(code, fields));
    }

    /** Returns what stands in the braces that open at a place. */
    private static String block(String code, int open) {
        int depth = 0;
        boolean string = false;
        for (int at = open; at < code.length(); at++) {
            char c = code.charAt(at);
            if (string && c == '\\') {
                at++;
            } else if (c == '"') {
                string = !string;
            } else if (!string && c == '{') {
                depth++;
            } else if (!string && c == '}' && --depth == 0) {
                return code.substring(open + 1, at);
            }
        }
        return code.substring(open + 1);
    }

    /** Splits at the commas that stand in no braces, no parentheses and no string. */
    private static List<String> parts(String block) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        boolean string = false;
        for (int at = 0; at < block.length(); at++) {
            char c = block.charAt(at);
            if (string && c == '\\') {
                at++;
            } else if (c == '"') {
                string = !string;
            } else if (!string && (c == '{' || c == '(')) {
                depth++;
            } else if (!string && (c == '}' || c == ')')) {
                depth--;
            } else if (!string && c == ',' && depth == 0) {
                parts.add(block.substring(from, at));
                from = at + 1;
            }
        }
        parts.add(block.substring(from));
        return parts.stream().map(String::strip).filter(part -> !part.isEmpty()).toList();
    }

    /** Returns whether a field is there. */
    boolean has(String field) {
        return fields.containsKey(field);
    }

    /** Returns a field as it is written; empty if it is not there. */
    String text(String field) {
        return fields.getOrDefault(field, "");
    }

    /** Returns a number; empty if it is not there, or no number. */
    Optional<Integer> number(String field) {
        Matcher product = PRODUCT.matcher(text(field));
        if (!product.matches()) {
            return Optional.empty();
        }
        long value = 1;
        for (String factor : product.group().split("\\*", -1)) {
            value *= Long.parseLong(factor.strip());
        }
        return value <= Integer.MAX_VALUE ? Optional.of((int) value) : Optional.empty();
    }

    /** Returns the entries of an array, which may stand in the field or have a name, without the last one: each as it is written. */
    List<String> entries(String field) {
        String value = text(field);
        if (NAME.matcher(value).matches()) {
            Matcher array =
                    Pattern.compile("\\b" + value + "\\s*\\[[^]]*]\\s*=\\s*\\{").matcher(code);
            return array.find() ? entriesIn(block(code, array.end() - 1)) : List.of();
        }
        int open = value.indexOf('{');
        return open < 0 ? List.of() : entriesIn(block(value, open));
    }

    private static List<String> entriesIn(String block) {
        return parts(block).stream()
                .filter(entry -> !entry.equals("NULL") && !entry.matches("\\{\\s*(?:NULL\\s*,?\\s*)*}"))
                .toList();
    }

    /** Returns the strings of a text, one a literal; several that follow each other are one. */
    static List<String> strings(String text) {
        return STRING.matcher(text.replaceAll("\"\\s+\"", ""))
                .results()
                .map((MatchResult string) -> string.group(1))
                .toList();
    }
}
