// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Removes the prefixes of transports, colours and control characters from raw lines, and splits lines that were joined. */
final class LineReader {
    /** Longer lines are cut here. The kernel's records have at most 1024 bytes (LOG_LINE_MAX, kernel/printk/printk.c). */
    static final int LONGEST = 1536;

    private static final Pattern ANSI = Pattern.compile("\u001b(?:\\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78cM])?");

    /** print_time() and print_caller() of kernel/printk/printk.c: {@code [%5lu.%06lu]} and {@code [%6s]}. */
    private static final Pattern STAMP =
            Pattern.compile("\\[ {0,6}(\\d{1,10}\\.\\d{6})(?: <[ \\d.]+>)?\\](?:\\[ *([TC]\\d+)\\])?:? ?");

    /** A netconsole extended record: {@code level,sequence,microseconds,flags[,caller=X];text} (info_print_ext_header, same file). */
    private static final Pattern EXTENDED = Pattern.compile(
            "^(?:[\\w.+~-]+,)?\\d{1,3},\\d+,(\\d+),[-c+](?:,[a-z_]+=[^,;]*)*?(?:,caller=([TC]\\d+))?(?:,[a-z_]+=[^,;]*)*;");

    /** print_syslog() of the same file, with {@code console_msg_format=syslog}: {@code <facility * 8 + level>}. */
    private static final Pattern PRIORITY = Pattern.compile("^<(\\d{1,3})>");

    /** The same before the stamp of a record that somebody else's text stands before, without a line end. */
    private static final Pattern LAST_PRIORITY = Pattern.compile("<(\\d{1,3})>$");

    /** Prefixes before or instead of the kernel's time stamp. They are removed one by one until none matches. */
    private static final List<Prefix> PREFIXES = List.of(
            new Prefix("<", "^<\\d{1,3}>"),
            // dmesg -x: facility and level in columns (sys-utils/dmesg.c, "%-6s:%-6s: ")
            new Prefix(
                    "kumdaslnucf",
                    "^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\\d) *:[a-z]+ *: ?"),
            // dmesg -T: ctime in brackets
            new Prefix("[", "^\\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}\\] ?"),
            // dmesg -H: minutes in brackets, or the time since the previous line
            new Prefix("[", "^\\[(?:[A-Z][a-z]{2}[ \\d]\\d \\d\\d:\\d\\d| *\\+\\d+\\.\\d{6})\\] ?"),
            // syslog and journalctl, short and ISO: time host kernel:
            new Prefix(
                    "JFMASOND0123456789",
                    "^(?:\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?|\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?:Z|[+-]\\d\\d:?\\d\\d)?)"
                            + "(?: +[\\w.-]+(?: [\\w.]+)? kernel:| +kernel:|:)? ?"),
            // a logger's date: 2018/01/09 14:28:48
            new Prefix("0123456789", "^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d "),
            // Android and vendor trees: [cpu:comm: pid], "c1 1234 (comm)"
            new Prefix("[ ", "^ ?\\[\\d+: *[^\\]:]+(?::[^\\]:]+)*: *\\d+\\] ?"),
            new Prefix("c ", "^ ?c\\d +\\d+ (?:\\([^)]*\\) )?"),
            // the caller alone, if time stamps are off
            new Prefix("[", "^\\[ {0,5}[TC]\\d+\\] "));

    /** A prefix and its possible first characters, which rule it out quickly: most lines have no prefix. */
    private record Prefix(String firsts, Pattern pattern) {
        Prefix(String firsts, String regex) {
            this(firsts, Pattern.compile(regex));
        }
    }

    /** An escaped line feed in a record of rsyslog or in an extended record of netconsole (msg_add_ext_text, same file). */
    private static final Pattern ESCAPED_END = Pattern.compile("#012|\\\\x0a");

    private static final Pattern ESCAPED_TAB = Pattern.compile("#011|\\\\x09");

    private static final Pattern CALLER = Pattern.compile("^\\[ {0,5}([TC]\\d+)\\] $");

    private LineReader() {}

    /** Returns the lines in a raw line. There are several if another writer interrupted a line, or if a record has several lines. */
    static List<Line> read(byte[] text, int from, int to) {
        List<Line> lines = records(text, from, to);
        return lines.stream().noneMatch(line -> isEscaped(line.text()))
                ? lines
                : lines.stream().flatMap(LineReader::unescaped).toList();
    }

    private static boolean isEscaped(String text) {
        return text.contains("#01") || text.contains("\\x0");
    }

    private static Stream<Line> unescaped(Line line) {
        return ESCAPED_END
                .splitAsStream(ESCAPED_TAB.matcher(line.text()).replaceAll("\t"))
                .filter(text -> !text.isEmpty())
                .map(text -> new Line(line.seconds(), line.caller(), line.priority(), text));
    }

    private static List<Line> records(byte[] text, int from, int to) {
        String raw = clean(new String(text, from, Math.min(to - from, LONGEST), StandardCharsets.ISO_8859_1));
        Matcher stamp = STAMP.matcher(raw);
        if (!stamp.find()) {
            return List.of(unstamped(raw));
        }
        List<Line> lines = new ArrayList<>(2);
        OptionalInt first = priority(PRIORITY.matcher(raw));
        String before = strip(raw.substring(0, stamp.start()));
        if (!before.isBlank()) {
            lines.add(unstamped(before, first));
        }
        boolean more = true;
        int after = 0;
        while (more) {
            OptionalDouble seconds = OptionalDouble.of(Double.parseDouble(stamp.group(1)));
            String caller = stamp.group(2) == null ? "" : stamp.group(2);
            // A record that begins the line owns all of it: its text may look like another record.
            OptionalInt priority = first.isPresent()
                    ? first
                    : priority(LAST_PRIORITY.matcher(raw).region(after, stamp.start()));
            int start = stamp.end();
            after = start;
            more = stamp.find();
            String body = raw.substring(start, more ? stamp.start() : raw.length());
            lines.add(new Line(seconds, caller, priority, strip(body)));
        }
        return lines;
    }

    private static OptionalInt priority(Matcher found) {
        return found.find() ? OptionalInt.of(Integer.parseInt(found.group(1))) : OptionalInt.empty();
    }

    private static Line unstamped(String raw) {
        return unstamped(raw, priority(PRIORITY.matcher(raw)));
    }

    private static Line unstamped(String raw, OptionalInt priority) {
        Matcher extended = EXTENDED.matcher(raw);
        if (raw.indexOf(';') > 0 && extended.find()) {
            double seconds = Double.parseDouble(extended.group(1)) / 1e6;
            return new Line(
                    OptionalDouble.of(seconds),
                    extended.group(2) == null ? "" : extended.group(2),
                    OptionalInt.empty(),
                    raw.substring(extended.end()));
        }
        String text = raw;
        String caller = "";
        for (boolean changed = true; changed; ) {
            changed = false;
            for (Prefix prefix : PREFIXES) {
                if (text.isEmpty() || prefix.firsts().indexOf(text.charAt(0)) < 0) {
                    continue;
                }
                Matcher matcher = prefix.pattern().matcher(text);
                if (matcher.find() && matcher.end() > 0) {
                    Matcher who = CALLER.matcher(matcher.group());
                    caller = who.matches() ? who.group(1) : caller;
                    text = text.substring(matcher.end());
                    changed = true;
                }
            }
        }
        return new Line(OptionalDouble.empty(), caller, priority, text);
    }

    private static String strip(String body) {
        return unstamped(body).text();
    }

    private static String clean(String raw) {
        String text = raw.indexOf('\u001b') < 0 ? raw : ANSI.matcher(raw).replaceAll("");
        int i = 0;
        while (i < text.length() && (text.charAt(i) >= ' ' || text.charAt(i) == '\t')) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder kept = new StringBuilder(text.length()).append(text, 0, i);
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' || c == '\t') {
                kept.append(c);
            }
        }
        return kept.toString();
    }
}
