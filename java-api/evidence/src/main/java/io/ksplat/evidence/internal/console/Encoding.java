// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.stream.Stream;

/**
 * Undoes encodings of a whole text: UTF-16, as shells of Windows write it, UTF-32, and the quoted-printable and base64 of mails. What is neither passes without being copied.
 * Quoted-printable does not change the number of a line: a line that was torn in two is followed by an empty one.
 */
public final class Encoding {
    /** Bytes that are looked at to tell an encoding without a mark, and without which it is not told. */
    private static final int ENOUGH = 64;

    private static final int FEWEST = 8;

    private static final List<String> QUOTED = List.of("=3D=", " =3D", "=3D0x", "=E2=80", "=C2=A0", "quoted-printable");

    private static final List<String> BASE64 = List.of("-Transfer-Encoding: base64", "-transfer-encoding: base64");

    /** Both are looked for at once: every byte of a log passes here. */
    private static final Keywords MAIL =
            new Keywords(Stream.concat(QUOTED.stream(), BASE64.stream()).toList());

    private enum Form {
        UNKNOWN,
        PLAIN,
        LITTLE(2, 0, 1),
        BIG(2, 1, 0),
        LITTLE_LONG(4, 0, 1),
        BIG_LONG(4, 3, 2),
        QUOTED_PRINTABLE,
        BASE64;

        /** Bytes of a character; 1 if characters are single bytes. */
        final int width;

        /** Where among them the lowest byte is, and the next. */
        final int low;

        final int high;

        Form() {
            this(1, 0, 0);
        }

        Form(int width, int low, int high) {
            this.width = width;
            this.low = low;
            this.high = high;
        }
    }

    /** Takes the plain text. */
    @FunctionalInterface
    public interface Sink {
        void feed(byte[] text, int from, int to);
    }

    private final Sink sink;
    private Form form = Form.UNKNOWN;

    /** The beginning of a text, as long as it is too short to tell its encoding, and then the beginning of a character. */
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    private final ByteArrayOutputStream escape = new ByteArrayOutputStream();
    private int torn;
    private Base64Part part;

    public Encoding(Sink sink) {
        this.sink = sink;
        part = new Base64Part(sink);
    }

    /** Passes a piece of the text on, decoded. */
    public void feed(byte[] text, int from, int to) {
        if (form != Form.UNKNOWN) {
            decode(text, from, to);
            return;
        }
        begun.write(text, from, to - from);
        if (begun.size() >= FEWEST) {
            begin();
        }
    }

    private void begin() {
        byte[] beginning = begun.toByteArray();
        begun.reset();
        form = sniff(beginning);
        decode(beginning, 0, beginning.length);
    }

    private void decode(byte[] text, int from, int to) {
        switch (form) {
            case LITTLE, BIG, LITTLE_LONG, BIG_LONG -> wide(text, from, to);
            case QUOTED_PRINTABLE -> quoted(text, from, to);
            case BASE64 -> base64(text, from, to);
            case UNKNOWN, PLAIN -> plain(text, from, to);
        }
    }

    /** Passes on what is left. */
    public void close() {
        if (form == Form.UNKNOWN) {
            begin();
        }
        if (form == Form.BASE64) {
            part.close();
        }
        if (escape.size() > 0) {
            byte[] rest = escape.toByteArray();
            escape.reset();
            sink.feed(rest, 0, rest.length);
        }
    }

    /** A mark, or bytes of characters that are empty nearly everywhere: few characters of a log are not ASCII. */
    private static Form sniff(byte[] text) {
        if (text.length < FEWEST) {
            return Form.PLAIN;
        }
        int mark = (text[0] & 0xff) << 8 | text[1] & 0xff;
        int next = (text[2] & 0xff) << 8 | text[3] & 0xff;
        if (mark == 0xfffe) {
            return next == 0 ? Form.LITTLE_LONG : Form.LITTLE;
        }
        if (mark == 0xfeff) {
            return Form.BIG;
        }
        if (mark == 0 && next == 0xfeff) {
            return Form.BIG_LONG;
        }
        for (Form wide : new Form[] {Form.LITTLE_LONG, Form.BIG_LONG, Form.LITTLE, Form.BIG}) {
            if (isOf(wide, text)) {
                return wide;
            }
        }
        return Form.PLAIN;
    }

    private static boolean isOf(Form wide, byte[] text) {
        int characters = Math.min(ENOUGH, text.length) / wide.width;
        int plain = 0;
        for (int i = 0; i < characters; i++) {
            boolean ascii = text[i * wide.width + wide.low] != 0;
            for (int j = 0; j < wide.width; j++) {
                ascii &= j == wide.low || text[i * wide.width + j] == 0;
            }
            plain += ascii ? 1 : 0;
        }
        return plain * 4 >= characters * 3;
    }

    private void base64(byte[] text, int from, int to) {
        int own = part.feed(text, from, to);
        if (own < to - from) {
            form = Form.PLAIN;
            plain(text, from + own, to);
        }
    }

    private void plain(byte[] text, int from, int to) {
        int found = MAIL.find(text, from, to);
        if (found < 0) {
            sink.feed(text, from, to);
            return;
        }
        if (text[found] == '-') {
            sink.feed(text, from, found);
            form = Form.BASE64;
            part = new Base64Part(sink);
            base64(text, found, to);
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
        begun.write(text, from, to - from);
        byte[] whole = begun.toByteArray();
        begun.reset();
        byte[] narrow = new byte[whole.length / form.width];
        int length = 0;
        int at = 0;
        for (; at + form.width <= whole.length; at += form.width) {
            int character = whole[at + form.low] & 0xff | (whole[at + form.high] & 0xff) << 8;
            if (character != 0xfeff) {
                narrow[length++] = (byte) (character < 0x100 ? character : '?');
            }
        }
        begun.write(whole, at, whole.length - at);
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
