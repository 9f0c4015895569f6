// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import io.ksplat.evidence.internal.console.Line.Lead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Removes the prefixes of transports, colours and control characters from raw lines, and splits lines that were joined. */
final class LineReader {
    /** Longer lines are cut here. The kernel's records have at most 1024 bytes (LOG_LINE_MAX, kernel/printk/printk.c). */
    static final int LONGEST = 1536;

    private static final Pattern ANSI = Pattern.compile(
            "(?:\u001b|\\^\\[|#033|\\\\x1b|\\\\u001b|\u00e2\u0090\u009b)(?:\\[[0-9;?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78cM])|\u001b|(?<![<0-9a-f])\\[\\d{1,2}(?:;\\d{1,3})*m|\\[0m$");

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
            // a mail's quotation
            new Prefix(">|", "^(?:[>|](?: (?=[>|]))?)+ ?"),
            // dmesg -x: facility and level in columns (sys-utils/dmesg.c, "%-6s:%-6s: ")
            new Prefix(
                    "kumdaslnucf",
                    "^(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\\d) *:[a-z]+ *: ?"),
            // dmesg -T: ctime in brackets
            new Prefix(
                    "[", "^\\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}\\] ?", true),
            // dmesg -H: minutes in brackets, or the time since the previous line
            new Prefix("[", "^\\[(?:[A-Z][a-z]{2}[ \\d]\\d \\d\\d:\\d\\d| *\\+\\d+\\.\\d{6})\\] ?", true),
            // syslog and journalctl, short, full, unix and ISO: time host kernel:
            new Prefix(
                    "JFMASONDTW0123456789",
                    "^(?:(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?|\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?:Z|[+-]\\d\\d:?\\d\\d)?)|\\d{9,10}\\.\\d{6})"
                            + "(?:(?: [A-Z]{2,5})? +(?<host>[\\w.()-]+)(?: [\\w.]+)? (?<kernel>kernel):| +kernel:|:)? ?"),
            // journalctl -o short-monotonic, behind the stamp; or what is left if time or host were cut off
            new Prefix("", "^(?:(?<host>[\\w.()\\x80-\\xff-]+) )?(?<kernel>kernel): ?"),
            // a logger's date: 2018/01/09 14:28:48
            new Prefix("0123456789", "^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d "),
            // Android and vendor trees: [cpu:comm: pid], "c1 1234 (comm)"
            new Prefix("[ ", "^ ?\\[\\d+: *[^\\]:]+(?::[^\\]:]+)*: *\\d+\\] ?"),
            new Prefix("c ", "^ ?c\\d{1,2} +(?:\\d+ (?:\\([^)]*\\) )?)?"),
            // the caller alone, if time stamps are off
            new Prefix("[", "^\\[ {0,5}[TC]\\d+\\] ", true));

    /**
     * A prefix and its possible first characters, which rule it out quickly: most lines have no prefix.
     *
     * @param firsts empty for any
     * @param isKernels whether only the kernel's records have it
     */
    private record Prefix(String firsts, Pattern pattern, boolean isKernels, boolean hasHost) {
        Prefix(String firsts, String regex) {
            this(firsts, regex, false);
        }

        Prefix(String firsts, String regex, boolean isKernels) {
            this(firsts, Pattern.compile(regex), isKernels, regex.contains("(?<host>"));
        }

        boolean mayBegin(String text) {
            return firsts.isEmpty() ? text.contains("kernel: ") : firsts.indexOf(text.charAt(0)) >= 0;
        }
    }

    /** An escaped line feed in a record of rsyslog or in an extended record of netconsole (msg_add_ext_text, same file). */
    private static final Pattern ESCAPED_END = Pattern.compile("#012|\\\\x0a");

    private static final Pattern ESCAPED_TAB = Pattern.compile("#011|\\\\x09");

    /** The sign of multiplication, in UTF-8. */
    private static final String TIMES = "\u00c3\u0097";

    private static final Pattern CALLER = Pattern.compile("^\\[ {0,5}([TC]\\d+)\\] $");

    /** The digits, with their point, of a number below 2^53. */
    private static final int EXACT_DIGITS = 16;

    /** The maximum of shapes that are remembered at a time: one for each stream. */
    private static final int MOST_SHAPES = 8;

    private final Deque<Shape> shapes = new ArrayDeque<>();

    /** Remembers the shape of a prefix and returns the prefix as one of that shape; empty if it cannot return. */
    Optional<Lead> learn(String prefix) {
        for (Shape known : shapes) {
            if (known.isOf(prefix)) {
                return Optional.of(known.lead(prefix));
            }
        }
        Optional<Shape> shape = Shape.of(prefix);
        shape.ifPresent(learnt -> {
            shapes.addFirst(learnt);
            if (shapes.size() > MOST_SHAPES) {
                shapes.removeLast();
            }
        });
        return shape.map(learnt -> learnt.lead(prefix));
    }

    /** Returns the lines in a raw line. There are several if another writer interrupted a line, or if a record has several lines. */
    List<Line> read(byte[] text, int from, int to) {
        String whole = new String(text, from, to - from, StandardCharsets.ISO_8859_1);
        List<Line> lines = new ArrayList<>(2);
        if (Wrapping.isIn(whole)) {
            for (Wrapping.Text piece : Wrapping.unwrapped(whole)) {
                for (Line line : records(clean(cut(piece.text())))) {
                    Lead lead = line.lead();
                    lines.add(line.with(
                            new Lead(
                                    lead.written(),
                                    lead.origin().isEmpty() ? piece.origin() : lead.origin(),
                                    lead.wallTime().isEmpty() ? piece.wallTime() : lead.wallTime(),
                                    lead.isKernels() || piece.isKernels(),
                                    lead.learnt() == Shape.NONE && piece.isRecord() ? Shape.WRAPPING : lead.learnt()),
                            line.text()));
                }
            }
        } else {
            lines.addAll(records(clean(cut(whole))));
        }
        return hasEscapes(lines) ? lines.stream().flatMap(LineReader::unescaped).toList() : lines;
    }

    private static boolean hasEscapes(List<Line> lines) {
        for (Line line : lines) {
            if (line.text().contains("#01") || line.text().contains("\\x0")) {
                return true;
            }
        }
        return false;
    }

    private static String cut(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    }

    private static Stream<Line> unescaped(Line line) {
        return ESCAPED_END
                .splitAsStream(ESCAPED_TAB.matcher(line.text()).replaceAll("\t"))
                .filter(text -> !text.isEmpty())
                .map(line::with);
    }

    private List<Line> records(String raw) {
        for (Shape shape : shapes) {
            Optional<Line> line = shape.read(raw);
            if (line.isPresent()) {
                return List.of(line.get());
            }
        }
        Matcher stamp = STAMP.matcher(raw);
        if (!isStamped(stamp, raw, 0)) {
            return List.of(unstamped(raw, OptionalInt.empty()));
        }
        List<Line> lines = new ArrayList<>(2);
        OptionalInt first = priority(raw);
        Line before = unstamped(raw.substring(0, stamp.start()), first);
        if (!before.text().isBlank()) {
            lines.add(before);
        }
        boolean more = true;
        int after = 0;
        while (more) {
            OptionalDouble seconds = OptionalDouble.of(seconds(stamp.group(1)));
            String caller = stamp.group(2) == null ? "" : stamp.group(2);
            // A record that begins the line owns all of it: its text may look like another record.
            OptionalInt priority = first.isPresent() ? first : lastPriority(raw, after, stamp.start());
            int start = stamp.end();
            after = start;
            more = isStamped(stamp, raw, start);
            int end = more ? stamp.start() : raw.length();
            Line body = unstamped(raw.substring(start, end), OptionalInt.empty());
            Lead lead = new Lead(
                    raw.substring(0, end - body.text().length()),
                    body.lead().origin().isEmpty()
                            ? before.lead().origin()
                            : body.lead().origin(),
                    before.lead().wallTime(),
                    // somebody else's text before the stamp: it may be a quotation
                    before.text().isBlank() || before.lead().isKernels(),
                    Shape.NONE);
            // a stamp before a stamp is that of the machine whose console or log this one went through
            if (!more || !body.text().isBlank()) {
                lines.add(new Line(seconds, caller, priority, lead, body.text()));
            }
        }
        return lines;
    }

    /** Looks for the next stamp. Most lines have no bracket but that of their stamp, and a pattern would try each character. */
    private static boolean isStamped(Matcher stamp, String raw, int from) {
        int bracket = raw.indexOf('[', from);
        while (bracket >= 0) {
            if (mayBeStamp(raw, bracket) && stamp.region(bracket, raw.length()).lookingAt()) {
                return true;
            }
            bracket = raw.indexOf('[', bracket + 1);
        }
        return false;
    }

    private static boolean mayBeStamp(String raw, int bracket) {
        int at = bracket + 1;
        while (at < raw.length() && raw.charAt(at) == ' ') {
            at++;
        }
        return at < raw.length() && raw.charAt(at) >= '0' && raw.charAt(at) <= '9';
    }

    /** Reads the seconds of a stamp: a division of two numbers that a double holds exactly gives what {@link Double#parseDouble} gives. */
    private static double seconds(String stamp) {
        if (stamp.length() > EXACT_DIGITS) {
            return Double.parseDouble(stamp);
        }
        long micros = 0;
        for (int i = 0; i < stamp.length(); i++) {
            char c = stamp.charAt(i);
            micros = c == '.' ? micros : 10 * micros + (c - '0');
        }
        return micros / 1e6;
    }

    private static OptionalInt priority(String raw) {
        return raw.startsWith("<") ? priority(PRIORITY.matcher(raw)) : OptionalInt.empty();
    }

    private static OptionalInt lastPriority(String raw, int from, int to) {
        return to > from && raw.charAt(to - 1) == '>'
                ? priority(LAST_PRIORITY.matcher(raw).region(from, to))
                : OptionalInt.empty();
    }

    private static OptionalInt priority(Matcher found) {
        return found.find() ? OptionalInt.of(Integer.parseInt(found.group(1))) : OptionalInt.empty();
    }

    private static Line unstamped(String raw, OptionalInt known) {
        OptionalInt priority = known.isPresent() ? known : priority(raw);
        if (raw.indexOf(';') > 0) {
            Matcher extended = EXTENDED.matcher(raw);
            if (extended.find()) {
                double seconds = Double.parseDouble(extended.group(1)) / 1e6;
                return new Line(
                        OptionalDouble.of(seconds),
                        extended.group(2) == null ? "" : extended.group(2),
                        OptionalInt.empty(),
                        new Lead(extended.group(), "", "", true, Shape.NONE),
                        raw.substring(extended.end()));
            }
        }
        String text = raw;
        String caller = "";
        String origin = "";
        boolean kernels = false;
        for (boolean changed = true; changed; ) {
            changed = false;
            for (Prefix prefix : PREFIXES) {
                if (text.isEmpty() || !prefix.mayBegin(text)) {
                    continue;
                }
                Matcher matcher = prefix.pattern().matcher(text);
                if (matcher.find() && matcher.end() > 0) {
                    Matcher who = CALLER.matcher(matcher.group());
                    caller = who.matches() ? who.group(1) : caller;
                    kernels |= prefix.isKernels();
                    if (prefix.hasHost() && matcher.group("kernel") != null) {
                        kernels = true;
                        origin = matcher.group("host") == null ? origin : matcher.group("host");
                    }
                    kernels |= matcher.group().endsWith(" kernel:")
                            || matcher.group().endsWith(" kernel: ");
                    text = text.substring(matcher.end());
                    changed = true;
                }
            }
        }
        String written = raw.substring(0, raw.length() - text.length());
        Lead lead =
                written.isEmpty() ? Lead.NONE : new Lead(written, origin, WallTime.in(written), kernels, Shape.NONE);
        return new Line(OptionalDouble.empty(), caller, priority, lead, text);
    }

    private static String clean(String raw) {
        String text = mayBeColoured(raw) ? ANSI.matcher(raw).replaceAll("") : raw;
        int i = 0;
        while (i < text.length() && (text.charAt(i) >= ' ' && text.charAt(i) < 0x7f || text.charAt(i) == '\t')) {
            i++;
        }
        if (i == text.length()) {
            return text;
        }
        StringBuilder kept = new StringBuilder(text.length()).append(text, 0, i);
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            // a space that does not break, in UTF-8
            if (c == 0xc2 && i + 1 < text.length() && text.charAt(i + 1) == 0xa0) {
                kept.append(' ');
                i++;
            } else if (text.startsWith(TIMES, i) && i > 0 && text.charAt(i - 1) == '0') {
                // a page made 0x3f a product
                kept.append('x');
                i++;
            } else if (c >= ' ' || c == '\t') {
                kept.append(c);
            }
        }
        return kept.toString();
    }

    private static boolean mayBeColoured(String raw) {
        return raw.indexOf('\u001b') >= 0
                || raw.contains("^[")
                || raw.contains("#033")
                || raw.contains("\\x1b")
                || raw.contains("\\u001b")
                || raw.contains("\u00e2\u0090\u009b")
                || raw.endsWith("[0m");
    }
}
