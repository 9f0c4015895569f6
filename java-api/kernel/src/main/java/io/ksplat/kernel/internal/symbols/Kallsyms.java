// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.symbols;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;

/** Parses /proc/kallsyms: 10 MB, without a string for each line. */
final class Kallsyms {
    private Kallsyms() {}

    /** As {@link Symbols#parse}. */
    static Symbols parse(byte[] kallsyms) throws IOException {
        SymbolsBuilder builder = new SymbolsBuilder(kallsyms.length / 40 + 16, kallsyms.length / 2 + 16);
        boolean anyAddress = false;
        int position = 0;
        while (position < kallsyms.length) {
            int end = position;
            long address = 0;
            int digit;
            while (end < kallsyms.length && (digit = hexDigit(kallsyms[end])) >= 0) {
                address = address << 4 | digit;
                end++;
            }
            boolean wellFormed = end > position
                    && end + 3 < kallsyms.length
                    && kallsyms[end] == ' '
                    && kallsyms[end + 1] > ' '
                    && kallsyms[end + 2] == ' ';
            int nameStart = end + 3;
            int nameEnd = wellFormed ? nameStart : end;
            while (nameEnd < kallsyms.length && kallsyms[nameEnd] > ' ') {
                nameEnd++;
            }
            int lineEnd = nameEnd;
            while (lineEnd < kallsyms.length && kallsyms[lineEnd] != '\n') {
                lineEnd++;
            }
            if (wellFormed && nameEnd > nameStart) {
                anyAddress |= address != 0;
                short module = 0;
                if (nameEnd + 2 < lineEnd && kallsyms[nameEnd] == '\t' && kallsyms[nameEnd + 1] == '[') {
                    int close = lineEnd - 1;
                    while (close > nameEnd + 2 && kallsyms[close] != ']') {
                        close--;
                    }
                    module = builder.module(new String(kallsyms, nameEnd + 2, close - nameEnd - 2, UTF_8));
                }
                builder.add(
                        address,
                        SymbolsBuilder.UNKNOWN,
                        kallsyms[end + 1],
                        module,
                        kallsyms,
                        nameStart,
                        nameEnd - nameStart);
            }
            position = lineEnd + 1;
        }
        if (builder.count() == 0) {
            throw new IOException(
                    "parse kallsyms: no symbol in " + kallsyms.length + " bytes: read /proc/kallsyms again");
        }
        if (!anyAddress) {
            throw new IOException("parse kallsyms: all " + builder.count()
                    + " addresses are zero: read /proc/kallsyms as root with kernel.kptr_restrict=0");
        }
        return builder.build();
    }

    private static int hexDigit(byte c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }
}
