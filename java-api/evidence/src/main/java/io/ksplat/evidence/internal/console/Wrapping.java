// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes lines out of what services and pages put them into: JSON of the journal and of container engines, HTML. */
final class Wrapping {
    /** Members that hold a line, in the journal, in Docker, in Kubernetes' collectors and in log services. */
    private static final List<String> TEXTS = List.of(
            "MESSAGE", "log", "message", "msg", "textPayload", "text", "body", "line", "event", "_raw", "output");

    private static final List<String> ORIGINS =
            List.of("_HOSTNAME", "hostname", "host", "container_name", "pod_name", "pod", "instance", "source");

    private static final List<String> TIMES =
            List.of("time", "@timestamp", "timestamp", "__REALTIME_TIMESTAMP", "ts", "dt");

    /** A member of {@code journalctl -o json-pretty} or {@code dmesg -J}. */
    private static final Pattern MEMBER = Pattern.compile("^\\s+\"(?:MESSAGE|log|message|msg)\"\\s*:\\s*\"(.*)\",?$");

    private static final Pattern NAMED = Pattern.compile("\\s*\"[^\"]*\"\\s*:");

    /** A line of {@code journalctl -o export} or {@code -o verbose}. */
    private static final Pattern FIELD = Pattern.compile("^\\s*MESSAGE=(.*)$");

    /** A pair of logfmt, and a line of a list in YAML. */
    private static final Pattern PAIR = Pattern.compile(
            "(?:^|[\\s,{])(?:msg|message|log|MESSAGE)(?:=|: )(?:\"((?:[^\"\\\\]|\\\\.)*)\"|'((?:[^']|'')*)')(?=$|[\\s,}])");

    /** A string of a list in Python, with the end of its line. */
    private static final Pattern LITERAL = Pattern.compile("^\\s*\\[?[bu]?'(.*)\\\\n',?\\]?$");

    private static final Pattern BYTES = Pattern.compile("\"MESSAGE\"\\s*:\\s*\\[([\\d,\\s]+)\\]");

    private static final Pattern ENTITY =
            Pattern.compile("&(?:(lt|gt|amp|quot|apos|nbsp)|#(\\d{1,5})|#x([0-9a-fA-F]{1,4}));");

    private static final String SMALL =
            "pre|span|div|p|code|tt|td|tr|th|table|tbody|blockquote|font|html|body|head|em|strong|samp|wbr|li|ul|ol|a|b|i";

    private static final String CAPITAL = "PRE|SPAN|DIV|P|CODE|TT|TD|TR|BLOCKQUOTE|FONT|HTML|BODY|A|B|I";

    private static final Pattern TAG =
            Pattern.compile("(?<!\\[)</?(?:" + SMALL + ")(?: [^<>]*)?/?>|</?(?:" + CAPITAL + ")(?: [^<>]*)?/?>");

    private static final Set<String> ELEMENTS = Set.of((SMALL + "|" + CAPITAL + "|br|BR").split("\\|", -1));

    /** The most characters of what names a stream before an object. */
    private static final int LONGEST_LEAD = 120;

    /** The time beside a line in an array. */
    private static final Pattern DIGITS = Pattern.compile("[\\d.]*");

    private static final Pattern BREAK = Pattern.compile("<(?:br|BR) ?/?>");

    private Wrapping() {}

    /**
     * A line and where it came from.
     *
     * @param origin empty if not told
     * @param wallTime the wall-clock time that the wrapping tells, as written; empty if it tells none
     * @param isKernels whether the wrapping says that the kernel printed it
     * @param isRecord whether each line of such a log has a wrapping of its own
     */
    record Text(String text, String origin, String wallTime, boolean isKernels, boolean isRecord) {
        static Text of(String text) {
            return new Text(text, "", "", false, false);
        }

        static Text record(String text) {
            return new Text(text, "", "", false, true);
        }
    }

    /** Returns whether a line may be wrapped, so that it must be read whole. */
    static boolean isIn(String raw) {
        return raw.indexOf('"') >= 0 && (json(raw) >= 0 || MEMBER.matcher(raw).matches() || isPair(raw))
                || raw.indexOf('\'') >= 0 && (LITERAL.matcher(raw).matches() || isPair(raw))
                || raw.contains("MESSAGE=") && FIELD.matcher(raw).matches()
                || hasEscapes(raw)
                || raw.indexOf('&') >= 0 && ENTITY.matcher(raw).find()
                || hasElement(raw)
                        && (TAG.matcher(raw).find() || BREAK.matcher(raw).find());
    }

    /** Returns whether the name of an element stands behind a bracket: the kernel's own marks, code and addresses do, too. */
    private static boolean hasElement(String raw) {
        int bracket = raw.indexOf('<');
        while (bracket >= 0) {
            int start = bracket + (raw.startsWith("</", bracket) ? 2 : 1);
            int end = start;
            while (end < raw.length() && Character.isLetter(raw.charAt(end))) {
                end++;
            }
            if (ELEMENTS.contains(raw.substring(start, end))) {
                return true;
            }
            bracket = raw.indexOf('<', bracket + 1);
        }
        return false;
    }

    /** A name is found faster than a pattern. */
    private static boolean isPair(String raw) {
        return (raw.contains("msg") || raw.contains("message") || raw.contains("log") || raw.contains("MESSAGE"))
                && PAIR.matcher(raw).find();
    }

    /** Returns whether several line feeds are written as escapes. */
    private static boolean hasEscapes(String raw) {
        int first = raw.indexOf("\\n");
        return first >= 0 && raw.indexOf("\\n", first + 1) >= 0;
    }

    /** Returns where an object, an array or a string begins that goes on to the line's end, perhaps behind what names the stream; -1 if none does. */
    private static int json(String raw) {
        int end = raw.length();
        while (end > 0 && (raw.charAt(end - 1) <= ' ' || raw.charAt(end - 1) == ',')) {
            end--;
        }
        int start = 0;
        while (start < end && raw.charAt(start) <= ' ') {
            start++;
        }
        if (end - start < 4) {
            return -1;
        }
        char first = raw.charAt(start);
        char last = raw.charAt(end - 1);
        if (first == '"' && last == '"' && !NAMED.matcher(raw).lookingAt()
                || first == '[' && raw.charAt(start + 1) == '"') {
            return start;
        }
        if (last != '}') {
            return -1;
        }
        int object = raw.indexOf("{\"");
        return first == '{' ? start : object <= LONGEST_LEAD ? object : -1;
    }

    /** Returns the lines in a wrapped line. */
    static List<Text> unwrapped(String raw) {
        int json = json(raw);
        if (json >= 0) {
            return ofJson(raw.substring(json).strip());
        }
        Optional<String> record = record(raw);
        if (record.isPresent()) {
            return lines(record.get()).stream().map(Text::record).toList();
        }
        String text = hasEscapes(raw) ? unescaped(raw) : raw;
        return lines(BREAK.matcher(text).replaceAll("\n")).stream()
                .map(line -> Text.of(entities(TAG.matcher(line).replaceAll(""))))
                .toList();
    }

    private static List<Text> ofJson(String json) {
        Map<String, String> members = members(json);
        if (json.charAt(0) == '[' && members.size() > 1) {
            return members.values().stream()
                    .filter(value -> !DIGITS.matcher(value).matches())
                    .flatMap(value -> lines(value).stream())
                    .map(Text::of)
                    .toList();
        }
        String text = first(TEXTS, members)
                .or(() -> members.values().stream().reduce((a, b) -> a.length() >= b.length() ? a : b))
                .orElse(json);
        String origin = first(ORIGINS, members).orElse("");
        String time = first(TIMES, members).orElse("");
        boolean kernels =
                "kernel".equals(members.get("_TRANSPORT")) || "kernel".equals(members.get("SYSLOG_IDENTIFIER"));
        List<String> lines = lines(text);
        return lines.stream()
                .map(line -> new Text(line, origin, time, kernels, lines.size() == 1))
                .toList();
    }

    private static Optional<String> record(String raw) {
        for (Pattern pattern : List.of(MEMBER, FIELD, LITERAL)) {
            Matcher found = pattern.matcher(raw);
            if (found.matches()) {
                return Optional.of(pattern == FIELD ? found.group(1) : unescaped(found.group(1)));
            }
        }
        Matcher pair = PAIR.matcher(raw);
        return pair.find()
                ? Optional.of(pair.group(1) == null ? pair.group(2).replace("''", "'") : unescaped(pair.group(1)))
                : Optional.empty();
    }

    private static Optional<String> first(List<String> names, Map<String, String> members) {
        return names.stream().filter(members::containsKey).map(members::get).findFirst();
    }

    private static List<String> lines(String text) {
        return List.of(text.replaceFirst("[\\r\\n]+$", "").split("[\\r\\n]+", -1));
    }

    private static String entities(String text) {
        return text.indexOf('&') < 0
                ? text
                : ENTITY.matcher(text)
                        .replaceAll(found -> Matcher.quoteReplacement(
                                String.valueOf(entity(found.group(1), found.group(2), found.group(3)))));
    }

    private static char entity(String name, String decimal, String hex) {
        if (decimal != null) {
            return (char) Integer.parseInt(decimal);
        }
        if (hex != null) {
            return (char) Integer.parseInt(hex, 16);
        }
        return switch (name) {
            case "lt" -> '<';
            case "gt" -> '>';
            case "amp" -> '&';
            case "quot" -> '"';
            case "apos" -> '\'';
            default -> ' ';
        };
    }

    /** Returns the strings of an object by their names. An array's strings have numbers, so that the longest counts. */
    private static Map<String, String> members(String json) {
        Map<String, String> members = new LinkedHashMap<>();
        Matcher bytes = BYTES.matcher(json);
        if (bytes.find()) {
            StringBuilder message = new StringBuilder();
            for (String number : bytes.group(1).split(",", -1)) {
                if (number.strip().matches("\\d{1,3}")) {
                    message.append((char) Integer.parseInt(number.strip()));
                }
            }
            members.put("MESSAGE", message.toString());
        }
        String key = "";
        int at = 0;
        while (at < json.length()) {
            if (json.charAt(at) != '"') {
                at++;
                continue;
            }
            int end = at + 1;
            while (end < json.length() && json.charAt(end) != '"') {
                end += json.charAt(end) == '\\' ? 2 : 1;
            }
            String value = unescaped(json.substring(at + 1, Math.min(end, json.length())));
            at = end + 1;
            int next = at;
            while (next < json.length() && json.charAt(next) == ' ') {
                next++;
            }
            if (next < json.length() && json.charAt(next) == ':') {
                key = value;
            } else {
                members.putIfAbsent(key.isEmpty() ? String.valueOf(members.size()) : key, value);
                key = "";
            }
        }
        return members;
    }

    private static String unescaped(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                plain.append(c);
                continue;
            }
            char escaped = text.charAt(++i);
            switch (escaped) {
                case 'n' -> plain.append('\n');
                case 't' -> plain.append('\t');
                case 'r' -> plain.append('\r');
                case 'u' -> {
                    String digits = text.substring(i + 1, Math.min(i + 5, text.length()));
                    if (digits.matches("[0-9a-fA-F]{4}")) {
                        plain.append((char) Integer.parseInt(digits, 16));
                        i += 4;
                    }
                }
                default -> plain.append(escaped);
            }
        }
        return plain.toString();
    }
}
