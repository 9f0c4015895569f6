// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import gg.jte.TemplateOutput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;

/** Writes a page. What a guest printed may hold characters that no page may, or that turn the direction of the text around them. */
final class PrintableOutput implements TemplateOutput {
    private static final char REPLACEMENT = '\ufffd';

    private final Writer out;

    PrintableOutput(Writer out) {
        this.out = out;
    }

    @Override
    public void writeContent(String value) {
        writeContent(value, 0, value.length());
    }

    @Override
    public void writeContent(String value, int begin, int end) {
        try {
            int from = begin;
            for (int i = begin; i < end; i++) {
                if (!isPrintable(value, i)) {
                    out.write(value, from, i - from);
                    out.write(REPLACEMENT);
                    from = i + 1;
                }
            }
            out.write(value, from, end - from);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isPrintable(String text, int at) {
        char c = text.charAt(at);
        if (c < ' ') {
            return c == '\n' || c == '\t';
        }
        if (c < 0x7f) {
            return true;
        }
        if (Character.isHighSurrogate(c)) {
            return at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1));
        }
        if (Character.isLowSurrogate(c)) {
            return at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
        }
        boolean turns = c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069;
        return c > 0x9f && !turns && c < 0xfffe;
    }
}
