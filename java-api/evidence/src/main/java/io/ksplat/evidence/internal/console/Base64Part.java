// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** Decodes a part of a mail in base64, from the line of its header that says so to the first line that is none. */
final class Base64Part {
    /** The maximum length of a line of a mail (RFC 5322). */
    private static final int LONGEST = 998;

    private final Encoding.Sink sink;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    /** Characters that do not fill three bytes yet. */
    private String rest = "";

    private boolean body;
    private boolean decoded;

    Base64Part(Encoding.Sink sink) {
        this.sink = sink;
    }

    /** Takes text and returns how much of it belongs to the part: less than there is if the part has ended. */
    int feed(byte[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            line.write(text[i]);
            if (text[i] != '\n' && line.size() <= LONGEST) {
                continue;
            }
            String whole = line.toString(StandardCharsets.ISO_8859_1);
            String trimmed = whole.strip();
            if (!body) {
                pass(line.toByteArray());
                body = trimmed.isEmpty();
            } else if (!trimmed.isEmpty() && trimmed.matches("[A-Za-z0-9+/]+={0,2}")) {
                decode(trimmed);
            } else if (!trimmed.isEmpty() || decoded) {
                int before = line.size() - 1;
                line.reset();
                // what came in an earlier piece of the text is passed on here
                int own = Math.min(before, i - from);
                pass(whole.substring(0, before - own).getBytes(StandardCharsets.ISO_8859_1));
                return i - own - from;
            }
            line.reset();
        }
        return to - from;
    }

    void close() {
        String last = line.toString(StandardCharsets.ISO_8859_1).strip();
        line.reset();
        if (body && last.matches("[A-Za-z0-9+/]+={0,2}")) {
            decode(last);
        } else {
            pass(last.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    private void decode(String text) {
        String all = rest + text.replaceFirst("=+$", "");
        boolean last = text.endsWith("=");
        int whole = last ? all.length() : all.length() / 4 * 4;
        rest = all.substring(whole);
        if (whole % 4 != 1) {
            pass(Base64.getDecoder().decode(all.substring(0, whole)));
            decoded = true;
        }
    }

    private void pass(byte[] text) {
        sink.feed(text, 0, text.length);
    }
}
