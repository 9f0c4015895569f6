// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import java.nio.charset.StandardCharsets;

/** Counts the lines of a log and those that say that a kernel printed them, so that a log without a report differs from a text that is no log. */
final class LogTally {
    /** The longest beginning of a line in which a stamp is looked for. */
    private static final int BEGINNING = 256;

    private static final byte[] WORD = "kernel".getBytes(StandardCharsets.US_ASCII);

    /** Digits behind the point of a printk stamp (print_time, kernel/printk/printk.c). */
    private static final int MICROSECONDS = 6;

    private final byte[] line = new byte[BEGINNING];
    private int filled;
    private long lines;
    private long kernels;

    /** Reads a piece of the log. It may end inside a line. */
    void feed(byte[] buffer, int length) {
        for (int i = 0; i < length; i++) {
            byte b = buffer[i];
            if (b == '\n' || b == '\r') {
                end();
            } else if (b != 0 && filled < BEGINNING) {
                // each second byte of UTF-16 is 0
                line[filled++] = b;
            }
        }
    }

    /** Ends the last line, and returns the number of lines that are not empty. */
    long lines() {
        end();
        return lines;
    }

    /** Returns the number of lines that say that a kernel printed them: by its stamp, by its level, or as log services name it. */
    long kernels() {
        end();
        return kernels;
    }

    private void end() {
        if (filled > 0) {
            lines++;
            kernels += isKernels() ? 1 : 0;
            filled = 0;
        }
    }

    private boolean isKernels() {
        if (line[0] == '<' && isNumberBefore(1, '>')) {
            return true;
        }
        for (int i = 0; i < filled; i++) {
            if (line[i] == '[' && isStamp(i + 1) || line[i] == 'k' && isWord(i)) {
                return true;
            }
        }
        return false;
    }

    private boolean isNumberBefore(int from, char end) {
        int at = digits(from);
        return at > from && at < filled && line[at] == end;
    }

    /** Returns whether {@code 12.345678]} begins here; spaces may stand before it. */
    private boolean isStamp(int from) {
        int start = from;
        while (start < filled && line[start] == ' ') {
            start++;
        }
        int point = digits(start);
        return point > start
                && point < filled
                && line[point] == '.'
                && digits(point + 1) == point + 1 + MICROSECONDS
                && isNumberBefore(point + 1, ']');
    }

    /** Returns whether the word is here as syslog and the journal write it: {@code kernel:}, {@code kernel[0]:}, {@code "kernel"}. */
    private boolean isWord(int from) {
        int after = from + WORD.length;
        if (after >= filled || from > 0 && (Character.isLetterOrDigit(line[from - 1]) || line[from - 1] == '/')) {
            return false;
        }
        for (int i = 0; i < WORD.length; i++) {
            if (line[from + i] != WORD[i]) {
                return false;
            }
        }
        return line[after] == ':' || line[after] == '"' || line[after] == '[' && isNumberBefore(after + 1, ']');
    }

    private int digits(int from) {
        int at = from;
        while (at < filled && line[at] >= '0' && line[at] <= '9') {
            at++;
        }
        return at;
    }
}
