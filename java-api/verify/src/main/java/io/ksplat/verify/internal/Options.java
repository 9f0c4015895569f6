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
 * @param tag the JUnit tag of the one step to run, of whatever level; what its tests need is made ready
 * @param maven further arguments for Maven
 */
record Options(Level level, Optional<Duration> limit, Optional<String> only, Optional<String> tag, List<String> maven) {
    static final String USAGE =
            "usage: ksplat verify [--full | --long] [--minutes N] [--tag TAG] [--only CLASS[#METHOD]] [MAVEN ARGUMENT...]";

    static Options parse(List<String> arguments) {
        Deque<String> left = new ArrayDeque<>(arguments);
        Level level = Level.VERIFY;
        Optional<Duration> limit = Optional.empty();
        Optional<String> only = Optional.empty();
        Optional<String> tag = Optional.empty();
        List<String> maven = new ArrayList<>();
        while (!left.isEmpty()) {
            String argument = left.remove();
            switch (argument) {
                case "--full" -> level = Level.FULL;
                case "--long" -> level = Level.LONG;
                case "--minutes" -> limit = Optional.of(minutes(left.poll()));
                case "--only" -> only = Optional.of(value(argument, left.poll()));
                case "--tag" -> tag = Optional.of(tag(left.poll()));
                default -> {
                    if (argument.startsWith("--")) {
                        throw new IllegalArgumentException("there is no option " + argument + "; " + USAGE);
                    }
                    maven.add(argument);
                }
            }
        }
        return new Options(level, limit, only, tag, List.copyOf(maven));
    }

    /** Returns whether less than a whole level is run. */
    boolean isPart() {
        return only.isPresent() || tag.isPresent();
    }

    /** Returns the steps to run. A test that is chosen without a tag runs with what this machine has. */
    List<Step> steps() {
        List<Step> steps = tag.map(Level::tagged).orElseGet(level::steps);
        return only.map(test -> List.of(
                        (tag.isPresent() ? steps.get(0) : Step.onKernels("", test, List.of(), List.of())).only(test)))
                .orElse(steps);
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

    private static String tag(@Nullable String text) {
        String tag = value("--tag", text);
        if (Level.tagged(tag).isEmpty()) {
            throw new IllegalArgumentException(
                    "no step has the tag " + tag + ", only " + String.join(", ", Level.tags()) + "; " + USAGE);
        }
        return tag;
    }

    private static String value(String option, @Nullable String text) {
        if (text == null || text.isEmpty()) {
            throw new IllegalArgumentException(option + " takes a value; " + USAGE);
        }
        return text;
    }
}
