// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** A POSIX extended regular expression, as regcomp(3) takes it with REG_EXTENDED and REG_NEWLINE, with the extensions of glibc. */
final class PosixRegex {
    /** An expression that takes more looks at characters than this has no answer in sensible time. */
    private static final long MOST_LOOKS = 400_000_000;

    private static final Map<String, String> CLASSES = Map.ofEntries(
            Map.entry("alnum", "\\p{Alnum}"),
            Map.entry("alpha", "\\p{Alpha}"),
            Map.entry("blank", "\\p{Blank}"),
            Map.entry("cntrl", "\\p{Cntrl}"),
            Map.entry("digit", "\\p{Digit}"),
            Map.entry("graph", "\\p{Graph}"),
            Map.entry("lower", "\\p{Lower}"),
            Map.entry("print", "\\p{Print}"),
            Map.entry("punct", "\\p{Punct}"),
            Map.entry("space", "\\s\\x0B"),
            Map.entry("upper", "\\p{Upper}"),
            Map.entry("xdigit", "\\p{XDigit}"));

    private final Pattern pattern;
    /** Java takes the first of several branches that fits, and POSIX the longest. */
    private final boolean branches;

    private PosixRegex(Pattern pattern, boolean branches) {
        this.pattern = pattern;
        this.branches = branches;
    }

    /** Where something was found. */
    record Found(int start, int end) {}

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException if it is none, or one that is not known here
     */
    static PosixRegex compile(String expression) {
        String java = new Translation(expression).java();
        try {
            return new PosixRegex(
                    Pattern.compile(java, Pattern.MULTILINE | Pattern.UNIX_LINES), expression.indexOf('|') >= 0);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "the regular expression \"" + expression + "\" cannot be read: " + e.getDescription(), e);
        }
    }

    /**
     * Finds the leftmost match from a position on, and of those the longest.
     *
     * @throws IllegalArgumentException if that takes too long
     */
    Optional<Found> find(String text, int from) {
        Matcher matcher = pattern.matcher(new Bounded(text));
        matcher.region(from, text.length());
        try {
            if (!matcher.find()) {
                return Optional.empty();
            }
            int start = matcher.start();
            int end = matcher.end();
            if (branches) {
                int newline = text.indexOf('\n', end);
                for (int longer = newline < 0 ? text.length() : newline; longer > end; longer--) {
                    matcher.region(start, longer);
                    if (matcher.matches()) {
                        return Optional.of(new Found(start, longer));
                    }
                }
            }
            return Optional.of(new Found(start, end));
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("the regular expression " + pattern + " is too deep for this text", e);
        }
    }

    /** The text, which counts how often it is looked at. */
    private static final class Bounded implements CharSequence {
        private final String text;
        private long looks;

        Bounded(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (++looks > MOST_LOOKS) {
                throw new IllegalArgumentException("a regular expression takes too long");
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static final class Translation {
        private final String from;
        private final StringBuilder to = new StringBuilder();
        private int at;
        private boolean repeatable;

        Translation(String from) {
            this.from = from;
        }

        String java() {
            while (at < from.length()) {
                char c = from.charAt(at++);
                switch (c) {
                    case '\\' -> escape();
                    case '[' -> bracket();
                    case '.' -> atom(".");
                    case '(' -> {
                        to.append('(');
                        repeatable = false;
                        if (at < from.length() && from.charAt(at) == '?') {
                            throw unknown("a group that begins with ?");
                        }
                    }
                    case ')' -> atom(")");
                    case '|', '^', '$' -> {
                        to.append(c);
                        repeatable = c == '$';
                    }
                    case '*', '+', '?' -> repeat(String.valueOf(c));
                    case '{' -> interval();
                    default -> atom(literal(c));
                }
            }
            return to.toString();
        }

        private void atom(String text) {
            to.append(text);
            repeatable = true;
        }

        private void repeat(String how) {
            if (!repeatable) {
                throw unknown(how + " after nothing that can be repeated");
            }
            to.append(how);
            repeatable = false;
        }

        private static String literal(char c) {
            return "\\^$.|?*+()[]{}".indexOf(c) >= 0 ? "\\" + c : String.valueOf(c);
        }

        private void escape() {
            if (at == from.length()) {
                throw unknown("a trailing backslash");
            }
            char c = from.charAt(at++);
            switch (c) {
                case 'w', 'W', 's', 'S', 'b', 'B' -> atom("\\" + c);
                case '<' -> atom("\\b(?=\\w)");
                case '>' -> atom("\\b(?<=\\w)");
                default -> atom(c >= '1' && c <= '9' ? "\\" + c : literal(c));
            }
        }

        private void interval() {
            Matcher bounds = Pattern.compile("(\\d{0,4})(,?)(\\d{0,4})\\}").matcher(from);
            bounds.region(at, from.length());
            if (!bounds.lookingAt()
                    || (bounds.group(1).isEmpty() && bounds.group(2).isEmpty())) {
                atom("\\{");
                return;
            }
            at = bounds.end();
            String least = bounds.group(1).isEmpty() ? "0" : bounds.group(1);
            repeat("{" + least + bounds.group(2) + bounds.group(3) + "}");
        }

        private void bracket() {
            StringBuilder set = new StringBuilder("[");
            if (at < from.length() && from.charAt(at) == '^') {
                set.append("^\\n");
                at++;
            }
            boolean first = true;
            while (at < from.length() && (first || from.charAt(at) != ']')) {
                first = false;
                if (from.startsWith("[:", at)) {
                    int end = from.indexOf(":]", at);
                    String named = end < 0 ? null : CLASSES.get(from.substring(at + 2, end));
                    if (named == null) {
                        throw unknown("a class of characters");
                    }
                    set.append(named);
                    at = end + 2;
                    continue;
                }
                if (from.startsWith("[.", at) || from.startsWith("[=", at)) {
                    throw unknown("a collating element");
                }
                set.append(member(from.charAt(at++)));
                if (at + 1 < from.length() && from.charAt(at) == '-' && from.charAt(at + 1) != ']') {
                    set.append('-').append(member(from.charAt(at + 1)));
                    at += 2;
                }
            }
            if (at == from.length()) {
                throw unknown("a [ without its ]");
            }
            at++;
            atom(set.append(']').toString());
        }

        private static String member(char c) {
            return "\\[]^-&".indexOf(c) >= 0 ? "\\" + c : String.valueOf(c);
        }

        private IllegalArgumentException unknown(String what) {
            return new IllegalArgumentException("the regular expression \"" + from + "\" has " + what);
        }
    }
}
