// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the wall-clock time in what stands before a line. */
final class WallTime {
    private static final Pattern TIME = Pattern.compile(
            "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:\\d{4}[-/]\\d\\d[-/]\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?(?: ?Z| ?[+-]\\d\\d:?\\d\\d| UTC)?"
                    + "|[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?: \\d{4})?|\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d+|\\d\\d:\\d\\d:\\d\\d(?:[.,]\\d+)?)");

    private WallTime() {}

    /** Returns the time as it is written; empty if there is none. */
    static String in(String prefix) {
        if (prefix.indexOf(':') < 0) {
            return "";
        }
        Matcher time = TIME.matcher(prefix);
        return time.find() ? time.group() : "";
    }
}
