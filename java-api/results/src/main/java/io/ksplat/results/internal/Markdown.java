// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

/** Text of any content in one cell of a Markdown table. */
final class Markdown {
    private Markdown() {}

    /** Text as it is. */
    static String text(String text) {
        return oneLine(text).replace("|", "\\|").replace("<", "&lt;");
    }

    /** A name in the letters of code. A back quote would end it. */
    static String code(String name) {
        return "`" + oneLine(name).replace('`', '\'').replace("|", "\\|") + "`";
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\p{Cntrl}\\s*", " ");
    }
}
