// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes lines out of what services and pages put them into: JSON of the journal and of container engines, HTML. */
final class Wrapping {
    /** Members that hold a line, in the journal, in Docker, in Kubernetes' collectors and in log services. */
    private static final List<String> TEXTS = List.of(
            "MESSAGE", "log", "message", "msg", "textPayload", "text", "body", "line", "event", "_raw", "output");

    private static final List<String> ORIGINS =
            List.of("_HOSTNAME", "hostname", "host", "container_name", "pod_name", "pod", "instance", "source");

    /** A member of {@code journalctl -o json-pretty}, or a line of {@code -o export}. */
    private static final Pattern MEMBER = Pattern.compile("^\\s+\"(?:MESSAGE|log|message|msg)\"\\s*:\\s*\"(.*)\",?$");

    private static final Pattern BYTES = Pattern.compile("\"MESSAGE\"\\s*:\\s*\\[([\\d,\\s]+)\\]");

    private static final Pattern ENTITY =
            Pattern.compile("&(?:(lt|gt|amp|quot|apos|nbsp)|#(\\d{1,5})|#x([0-9a-fA-F]{1,4}));");

    private static final Pattern TAG = Pattern.compile(
            "(?<!\\[)</?(?:pre|span|div|p|code|tt|td|tr|th|table|tbody|blockquote|font|html|body|head|em|strong|samp|wbr|li|ul|ol|a|b|i)(?: [^<>]*)?/?>"
                    + "|</?(?:PRE|SPAN|DIV|P|CODE|TT|TD|TR|BLOCKQUOTE|FONT|HTML|BODY|A|B|I)(?: [^<>]*)?/?>");

    private static final Pattern BREAK = Pattern.compile("<(?:br|BR) ?/?>");

    private Wrapping() {}

    /**
     * A line and where it came from.
     *
     * @param origin empty if not told
     * @param isKernels whether the wrapping says that the kernel printed it
     */
    record Text(String text, String origin, boolean isKernels) {}

    /** Returns whether a line may be wrapped, so that it must be read whole. */
    static boolean isIn(String raw) {
        if (raw.indexOf('"') >= 0 && (isJson(raw) || MEMBER.matcher(raw).matches())) {
            return true;
        }
        return raw.indexOf("\\n") != raw.lastIndexOf("\\n")
                || raw.indexOf('&') >= 0 && ENTITY.matcher(raw).find()
                || raw.indexOf('<') >= 0
                        && (TAG.matcher(raw).find() || BREAK.matcher(raw).find());
    }

    private static boolean isJson(String raw) {
        String text = raw.strip();
        if (text.length() < 4) {
            return false;
        }
        char first = text.charAt(0);
        char last = text.charAt(text.length() - 1);
        last = last == ',' ? text.charAt(text.length() - 2) : last;
        return first == '{' && last == '}' || first == '"' && last == '"' || first == '[' && text.charAt(1) == '"';
    }

    /** Returns the lines in a wrapped line. */
    static List<Text> unwrapped(String raw) {
        List<Text> texts = new ArrayList<>();
        if (isJson(raw)) {
            Map<String, String> members = members(raw.strip());
            String text = TEXTS.stream()
                    .filter(members::containsKey)
                    .map(members::get)
                    .findFirst()
                    .or(() -> members.values().stream().reduce((a, b) -> a.length() >= b.length() ? a : b))
                    .orElse(raw);
            String origin = ORIGINS.stream()
                    .filter(members::containsKey)
                    .map(members::get)
                    .findFirst()
                    .orElse("");
            boolean kernels =
                    "kernel".equals(members.get("_TRANSPORT")) || "kernel".equals(members.get("SYSLOG_IDENTIFIER"));
            for (String line : text.split("[\\r\\n]+", -1)) {
                texts.add(new Text(line, origin, kernels));
            }
            return texts;
        }
        Matcher member = MEMBER.matcher(raw);
        String text = member.matches() ? unescaped(member.group(1)) : raw;
        if (text.indexOf("\\n") != text.lastIndexOf("\\n")) {
            text = unescaped(text);
        }
        for (String line : BREAK.matcher(text).replaceAll("\n").split("[\\r\\n]+", -1)) {
            texts.add(new Text(entities(TAG.matcher(line).replaceAll("")), "", false));
        }
        return texts;
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
