// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns records of /dev/kmsg (Documentation/ABI/testing/dev-kmsg) into what a console with console_msg_format=syslog prints. */
final class KmsgText extends InputStream {
    private static final Pattern RECORD = Pattern.compile("(\\d+),\\d+,(\\d+),[^;]*;(.*)", Pattern.DOTALL);
    private static final int LONGEST = 16 << 10;

    private final InputStream records;
    private byte[] line = {};
    private int at;

    KmsgText(InputStream records) {
        this.records = records;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        while (at == line.length) {
            String record = record();
            if (record == null) {
                return -1;
            }
            line = printed(record).getBytes(StandardCharsets.ISO_8859_1);
            at = 0;
        }
        int count = Math.min(length, line.length - at);
        System.arraycopy(line, at, to, offset, count);
        at += count;
        return count;
    }

    @Override
    public void close() throws IOException {
        records.close();
    }

    private @org.jspecify.annotations.Nullable String record() throws IOException {
        StringBuilder text = new StringBuilder();
        int next = records.read();
        while (next >= 0 && next != '\n') {
            if (text.length() < LONGEST) {
                text.append((char) next);
            }
            next = records.read();
        }
        return next < 0 && text.isEmpty() ? null : text.toString();
    }

    /** Returns a record as it is printed; nothing of its dictionary, whose lines begin with a space. */
    static String printed(String record) {
        Matcher parts = RECORD.matcher(record);
        if (!parts.matches()) {
            return "";
        }
        long micros = Long.parseLong(parts.group(2));
        return String.format(
                java.util.Locale.ROOT,
                "<%s>[%5d.%06d] %s\n",
                parts.group(1),
                micros / 1_000_000,
                micros % 1_000_000,
                parts.group(3));
    }
}
