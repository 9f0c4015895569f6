// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.internal.console.Line.Lead;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The shape of what stands before the kernel's text, learnt from a report's first line: what stays the same on the lines of one stream, and the form of
 * what changes (times, numbers, levels, what is in brackets).
 */
final class Shape {
    static final Shape NONE = new Shape(Pattern.compile("(?!)"), "");

    /** That of a line whose service put each line into an object or a member of its own. */
    static final Shape WRAPPING = new Shape(Pattern.compile("(?!)"), "");

    /** Longer prefixes are somebody's sentence. */
    private static final int LONGEST = 240;

    private static final Pattern TOKEN = Pattern.compile("(?<stamp>\\[ *\\d{1,10}\\.\\d{6}\\](?:\\[ *[TC]\\d+\\])?:?)"
            + "|(?<time>\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?: ?Z| ?[+-]\\d\\d:?\\d\\d| UTC)?|\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?)"
            + "|(?<name>\\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\\b)"
            + "|(?<level>(?i:\\b(?:kern|emerg|emergency|alert|crit|critical|err|error|warn|warning|notice|info|debug|verbose|trace)\\b))"
            + "|(?<group>\\[[^\\[\\]]*\\]|\\([^()]*\\)|<[^<>]*>)"
            + "|(?<address>\\b\\d{1,3}(?:\\.\\d{1,3}){3}\\b)"
            + "|(?<hex>\\b0x[0-9a-f]+\\b)"
            + "|(?<word>[A-Za-z_][\\w.]*(?:-[\\w.]+)*(?:/\\d+)?)"
            + "|(?<number>\\d+)"
            + "|(?<space>[ ]+)"
            + "|(?<other>.)");

    private static final Pattern STAMP = Pattern.compile("\\[ *(\\d{1,10}\\.\\d{6})\\](?:\\[ *([TC]\\d+)\\])?");

    /** A name in brackets is that of a stream or a subsystem and stays the same; anything else there changes. */
    private static final Pattern STABLE = Pattern.compile("[\\[(<] *[A-Za-z][\\w.-]*[A-Za-z][\\w.-]* *[\\])>]");

    private static final Pattern LEVEL = Pattern.compile(
            "(?i)\\W*(?:kern|emerg|emergency|alert|crit|critical|err|error|warn|warning|notice|info|debug|verbose|trace)\\W*");

    private static final Pattern PRIORITY = Pattern.compile("^<(\\d{1,3})>");

    private static final Pattern OF_KERNEL = Pattern.compile("\\bkernel(?:\\[\\d+\\]|\\.\\w+)?:? *$");

    private final Pattern pattern;
    private final String key;

    private Shape(Pattern pattern, String key) {
        this.pattern = pattern;
        this.key = key;
    }

    /** Learns the shape of a prefix; empty if it has none that could return. */
    static Optional<Shape> of(String prefix) {
        String bare = prefix.strip();
        if (prefix.length() > LONGEST || bare.isEmpty() || bare.equals("\"") || bare.equals("'")) {
            return Optional.empty();
        }
        StringBuilder regex = new StringBuilder();
        StringBuilder key = new StringBuilder();
        Matcher token = TOKEN.matcher(prefix);
        boolean stamped = false;
        while (token.find()) {
            String text = token.group();
            if (token.group("stamp") != null) {
                regex.append(
                        stamped
                                ? "\\[ *\\d+\\.\\d{6}\\](?:\\[ *[TC]\\d+\\])?:?"
                                : "\\[ *(?<seconds>\\d{1,10}\\.\\d{6})\\](?:\\[ *(?<caller>[TC]\\d+)\\])?:?");
                stamped = true;
            } else if (token.group("time") != null) {
                regex.append(
                        text.indexOf('-') == 4
                                ? "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?: ?Z| ?[+-]\\d\\d:?\\d\\d| UTC)?"
                                : "\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?");
            } else if (token.group("name") != null) {
                regex.append("[A-Z][a-z]{2}");
            } else if (token.group("level") != null || text.matches("[A-Z]")) {
                regex.append(text.length() == 1 ? "[A-Z]" : "\\w+");
            } else if (token.group("group") != null) {
                char close = text.charAt(text.length() - 1);
                if (STABLE.matcher(text).matches() && !LEVEL.matcher(text).matches()) {
                    regex.append(Pattern.quote(text));
                    key.append(text);
                } else {
                    regex.append("\\Q")
                            .append(text.charAt(0))
                            .append("\\E[^\\Q")
                            .append(close)
                            .append("\\E]*\\Q")
                            .append(close)
                            .append("\\E");
                }
            } else if (token.group("address") != null) {
                regex.append(Pattern.quote(text));
                key.append(text);
            } else if (token.group("hex") != null) {
                regex.append("0x[0-9a-f]+");
            } else if (token.group("number") != null) {
                regex.append("\\d+");
            } else if (token.group("space") != null) {
                boolean last = token.end() == prefix.length();
                regex.append(last ? " {0," + text.length() + "}" : token.start() == 0 ? " *" : " +");
            } else {
                regex.append(Pattern.quote(text));
                key.append(token.group("word") != null ? text : "");
            }
        }
        return Optional.of(new Shape(Pattern.compile(regex.toString()), key.toString()));
    }

    boolean isOf(String prefix) {
        return pattern.matcher(prefix).matches();
    }

    /** Returns the line without the prefix; empty if it does not begin with it. */
    Optional<Line> read(String raw) {
        Matcher found = pattern.matcher(raw);
        if (!found.lookingAt()) {
            return Optional.empty();
        }
        String written = found.group();
        Matcher stamp = STAMP.matcher(written);
        boolean stamped = stamp.find();
        return Optional.of(new Line(
                stamped ? OptionalDouble.of(Double.parseDouble(stamp.group(1))) : OptionalDouble.empty(),
                stamped && stamp.group(2) != null ? stamp.group(2) : "",
                priority(written),
                lead(written, stamped),
                raw.substring(found.end())));
    }

    private static OptionalInt priority(String written) {
        Matcher found = PRIORITY.matcher(written);
        return found.find() ? OptionalInt.of(Integer.parseInt(found.group(1))) : OptionalInt.empty();
    }

    private Lead lead(String written, boolean stamped) {
        return new Lead(
                written,
                key,
                WallTime.in(written),
                stamped || OF_KERNEL.matcher(written).find(),
                this);
    }

    /** Returns a prefix of this shape that a report's first line has. */
    Lead lead(String written) {
        return lead(written, STAMP.matcher(written).find());
    }
}
