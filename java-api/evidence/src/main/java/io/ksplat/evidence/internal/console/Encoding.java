// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.io.ByteArrayOutputStream;

/**
 * Undoes encodings of a whole text: UTF-16, as shells of Windows write it, and the quoted-printable and base64 of mails. What is neither passes without being copied.
 * Quoted-printable does not change the number of a line: a line that was torn in two is followed by an empty one.
 */
public final class Encoding {
    /** Bytes that are looked at to tell UTF-16 without a mark. */
    private static final int ENOUGH = 32;

    private static final Keywords QUOTED =
            new Keywords(java.util.List.of("=3D=", " =3D", "=3D0x", "=E2=80", "=C2=A0", "quoted-printable"));

    private static final Keywords BASE64 =
            new Keywords(java.util.List.of("-Transfer-Encoding: base64", "-transfer-encoding: base64"));

    private enum Form {
        UNKNOWN,
        PLAIN,
        LITTLE,
        BIG,
        QUOTED_PRINTABLE,
        BASE64
    }

    /** Takes the plain text. */
    @FunctionalInterface
    public interface Sink {
        void feed(byte[] text, int from, int to);
    }

    private final Sink sink;
    private Form form = Form.UNKNOWN;

    /** The first half of a character, or the beginning of an escape; -1 if there is none. */
    private int half = -1;

    private final ByteArrayOutputStream escape = new ByteArrayOutputStream();
    private int torn;
    private Base64Part part;

    public Encoding(Sink sink) {
        this.sink = sink;
        part = new Base64Part(sink);
    }

    /** Passes a piece of the text on, decoded. */
    public void feed(byte[] text, int from, int to) {
        if (form == Form.UNKNOWN && to > from) {
            form = sniff(text, from, to);
        }
        switch (form) {
            case LITTLE, BIG -> wide(text, from, to);
            case QUOTED_PRINTABLE -> quoted(text, from, to);
            case BASE64 -> base64(text, from, to);
            case UNKNOWN, PLAIN -> plain(text, from, to);
        }
    }

    /** Passes on what is left. */
    public void close() {
        if (form == Form.BASE64) {
            part.close();
        }
        if (escape.size() > 0) {
            byte[] rest = escape.toByteArray();
            escape.reset();
            sink.feed(rest, 0, rest.length);
        }
    }

    private static Form sniff(byte[] text, int from, int to) {
        if (to - from >= 2) {
            int mark = (text[from] & 0xff) << 8 | text[from + 1] & 0xff;
            if (mark == 0xfffe) {
                return Form.LITTLE;
            }
            if (mark == 0xfeff) {
                return Form.BIG;
            }
        }
        int length = Math.min(ENOUGH, to - from) & ~1;
        int even = 0;
        int odd = 0;
        for (int i = 0; i < length; i += 2) {
            even += text[from + i] == 0 ? 1 : 0;
            odd += text[from + i + 1] == 0 ? 1 : 0;
        }
        if (length >= 8 && odd == length / 2 && even == 0) {
            return Form.LITTLE;
        }
        return length >= 8 && even == length / 2 && odd == 0 ? Form.BIG : Form.PLAIN;
    }

    private void base64(byte[] text, int from, int to) {
        int own = part.feed(text, from, to);
        if (own < to - from) {
            form = Form.PLAIN;
            plain(text, from + own, to);
        }
    }

    private void plain(byte[] text, int from, int to) {
        int found = QUOTED.find(text, from, to);
        int base64 = BASE64.find(text, from, found < 0 ? to : found);
        if (base64 >= 0) {
            sink.feed(text, from, base64);
            form = Form.BASE64;
            part = new Base64Part(sink);
            base64(text, base64, to);
            return;
        }
        if (found < 0) {
            sink.feed(text, from, to);
            return;
        }
        int line = found;
        while (line > from && text[line - 1] != '\n') {
            line--;
        }
        // the line before may be torn into this one
        int before = line - 1;
        while (before > from && text[before - 1] != '\n') {
            before--;
        }
        int start = before >= from ? before : line;
        sink.feed(text, from, start);
        form = Form.QUOTED_PRINTABLE;
        quoted(text, start, to);
    }

    private void wide(byte[] text, int from, int to) {
        byte[] narrow = new byte[(to - from) / 2 + 1];
        int length = 0;
        for (int i = from; i < to; i++) {
            int next = text[i] & 0xff;
            if (half < 0) {
                half = next;
                continue;
            }
            int character = form == Form.LITTLE ? next << 8 | half : half << 8 | next;
            half = -1;
            if (character != 0xfeff) {
                narrow[length++] = (byte) (character < 0x100 ? character : '?');
            }
        }
        sink.feed(narrow, 0, length);
    }

    private void quoted(byte[] text, int from, int to) {
        ByteArrayOutputStream plain = new ByteArrayOutputStream(to - from);
        for (int i = from; i < to; i++) {
            byte next = text[i];
            if (escape.size() == 0) {
                if (next == '=') {
                    escape.write(next);
                } else {
                    plain.write(next);
                    if (next == '\n') {
                        for (; torn > 0; torn--) {
                            plain.write('\n');
                        }
                    }
                }
                continue;
            }
            escape.write(next);
            byte[] so = escape.toByteArray();
            if (so.length == 2 && (next == '\n' || next == '\r' || hex(next) >= 0)) {
                if (next == '\n') {
                    torn++;
                    escape.reset();
                }
                continue;
            }
            escape.reset();
            if (so.length == 3 && so[1] == '\r' && next == '\n') {
                torn++;
            } else if (so.length == 3 && hex(so[1]) >= 0 && hex(next) >= 0) {
                plain.write(hex(so[1]) << 4 | hex(next));
            } else {
                // no escape after all
                plain.writeBytes(so);
            }
        }
        byte[] decoded = plain.toByteArray();
        sink.feed(decoded, 0, decoded.length);
    }

    private static int hex(byte digit) {
        return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
    }
}
