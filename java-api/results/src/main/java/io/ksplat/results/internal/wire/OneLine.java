// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

/** Text of unknown length and content, fit for one line of a message. */
final class OneLine {
    private OneLine() {}

    static String of(String text, int longest) {
        String line = text.substring(0, Math.min(text.length(), longest)).replaceAll("\\p{Cntrl}", "?");
        return line.length() < text.length() ? line + "..." : line;
    }
}
