// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.util.Optional;

/**
 * What a JVM that runs tests tells the terminal: one line of the events file.
 *
 * @param module the module, and the kernel behind an {@code @} if its tests run on several
 * @param test the class, and the method behind a {@code #}
 * @param millis how long it took; the number of tests for {@link Kind#PLAN}
 * @param text the message of a failure, the reason of a skip; empty if there is none
 */
record Event(Kind kind, String module, String test, long millis, String text) {
    enum Kind {
        PLAN,
        CLASS,
        PASSED,
        FAILED,
        SKIPPED,
        ENDED
    }

    private static final int FIELDS = 5;

    String line() {
        String flat =
                text.replace('\t', ' ').replace("\r", "").replace('\n', ' ').strip();
        return String.join("\t", kind.name(), module, test, Long.toString(millis), flat) + "\n";
    }

    /** Returns nothing for a line that a JVM did not live to write whole. */
    static Optional<Event> parse(String line) {
        String[] fields = line.split("\t", FIELDS);
        if (fields.length < FIELDS) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Event(Kind.valueOf(fields[0]), fields[1], fields[2], Long.parseLong(fields[3]), fields[4]));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    String className() {
        int method = test.indexOf('#');
        return method < 0 ? test : test.substring(0, method);
    }

    /** Names the class for an estimate: the same class may run on several kernels. */
    String place() {
        return module + " " + className();
    }
}
