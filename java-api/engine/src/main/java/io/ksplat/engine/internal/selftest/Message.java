// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.util.Optional;

/**
 * A text that is expected, or not: plain, or with regular expressions between double braces.
 *
 * @param nextLine whether it must be on the line after the one of the message before
 * @param negative whether it must not be there
 */
record Message(String text, boolean nextLine, boolean negative, Optional<PosixRegex> regex) {
    /** test_loader.c, compile_regex(): a buffer of 256 bytes, whose last two a character with its backslash must not pass. */
    private static final int MOST_BYTES = 254;

    private static final String SPECIAL = ".[]\\()*+?{}|^$";

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if its regular expression cannot be read, or is too long
     */
    static Message of(String text, boolean nextLine, boolean negative) {
        return new Message(
                text,
                nextLine,
                negative,
                text.contains("{{") ? Optional.of(PosixRegex.compile(expression(text))) : Optional.empty());
    }

    /** Reads one that is a regular expression as a whole, as the annotations of 6.9 and 6.10 had them. */
    static Message ofRegex(String expression) {
        return new Message(expression, false, false, Optional.of(PosixRegex.compile(expression)));
    }

    /** Finds it in a text, from a position on. */
    Optional<PosixRegex.Found> find(String in, int from) {
        if (regex.isPresent()) {
            return regex.get().find(in, from);
        }
        int at = in.indexOf(text, from);
        return at < 0 ? Optional.empty() : Optional.of(new PosixRegex.Found(at, at + text.length()));
    }

    private static String expression(String text) {
        StringBuilder expression = new StringBuilder();
        boolean inRegex = false;
        int at = 0;
        while (at < text.length() && bytes(expression) < MOST_BYTES) {
            if (!inRegex && text.startsWith("{{", at)) {
                inRegex = true;
                at += 2;
            } else if (inRegex && text.startsWith("}}", at)) {
                inRegex = false;
                at += 2;
            } else {
                char c = text.charAt(at++);
                if (!inRegex && SPECIAL.indexOf(c) >= 0) {
                    expression.append('\\');
                }
                expression.append(c);
            }
        }
        if (at < text.length()) {
            throw new IllegalArgumentException(
                    "the message \"" + text + "\" is longer than test_loader takes: 255 bytes as a regular expression");
        }
        if (inRegex) {
            throw new IllegalArgumentException("the message \"" + text + "\" has {{ without }}");
        }
        return expression.toString();
    }

    private static int bytes(CharSequence text) {
        return text.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    }

    @Override
    public String toString() {
        return (negative ? "not " : "") + "\"" + text + "\"";
    }
}
