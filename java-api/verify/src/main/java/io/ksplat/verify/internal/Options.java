// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What {@code ./ksplat verify} was called with.
 *
 * @param limit no test class is started after this time
 * @param only a test class, or CLASS#METHOD: that alone is run, of whatever level
 * @param maven further arguments for Maven
 */
record Options(Level level, Optional<Duration> limit, Optional<String> only, List<String> maven) {
    static final String USAGE =
            "usage: ksplat verify [--full | --long] [--minutes N] [--only CLASS[#METHOD]] [MAVEN ARGUMENT...]";

    static Options parse(List<String> arguments) {
        Deque<String> left = new ArrayDeque<>(arguments);
        Level level = Level.VERIFY;
        Optional<Duration> limit = Optional.empty();
        Optional<String> only = Optional.empty();
        List<String> maven = new ArrayList<>();
        while (!left.isEmpty()) {
            String argument = left.remove();
            switch (argument) {
                case "--full" -> level = Level.FULL;
                case "--long" -> level = Level.LONG;
                case "--minutes" -> limit = Optional.of(minutes(left.poll()));
                case "--only" -> only = Optional.of(value(argument, left.poll()));
                default -> {
                    if (argument.startsWith("--")) {
                        throw new IllegalArgumentException("there is no option " + argument + "; " + USAGE);
                    }
                    maven.add(argument);
                }
            }
        }
        return new Options(level, limit, only, List.copyOf(maven));
    }

    /** Returns the steps to run. */
    List<Step> steps() {
        return only.map(test -> List.of(Step.onKernels(
                        test,
                        List.of(),
                        List.of(
                                "-Dtest=" + test,
                                "-Dksplat.level=any() | none()",
                                "-Dksplat.others=inner",
                                "-Dksplat.trust.skip=false",
                                "-Dexamples.skip=true",
                                "-Dsurefire.failIfNoSpecifiedTests=false"))))
                .orElseGet(level::steps);
    }

    private static Duration minutes(@Nullable String text) {
        try {
            int minutes = Integer.parseInt(value("--minutes", text));
            if (minutes > 0) {
                return Duration.ofMinutes(minutes);
            }
        } catch (NumberFormatException e) {
            // As for a number that is none of a time.
        }
        throw new IllegalArgumentException("--minutes takes a positive number, not '" + text + "'; " + USAGE);
    }

    private static String value(String option, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            throw new IllegalArgumentException(option + " takes a value; " + USAGE);
        }
        return text;
    }
}
