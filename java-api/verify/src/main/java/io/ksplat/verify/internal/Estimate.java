// SPDX-License-Identifier: Apache-2.0
package io.ksplat.verify.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * How long the tests take, from the times of a run before: what is left, at the speed that this machine shows today.
 *
 * @param tests how many there were
 * @param wall how long they took together; less than the sum of the classes, because some run side by side
 * @param classes milliseconds, by {@link Event#place}
 */
record Estimate(int tests, Duration wall, Map<String, Long> classes) {
    /** Too little was seen to extrapolate from. */
    private static final double ENOUGH = 0.05;

    private static final String TOTAL = "total";

    /** Reads the first of some files that is there; none of them means that nothing is known. */
    static Estimate read(List<Path> files) throws IOException {
        for (Path file : files) {
            if (Files.isRegularFile(file)) {
                return parse(Files.readAllLines(file));
            }
        }
        return new Estimate(0, Duration.ZERO, Map.of());
    }

    private static Estimate parse(List<String> lines) {
        int tests = 0;
        Duration wall = Duration.ZERO;
        Map<String, Long> classes = new HashMap<>();
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            if (words.length != 3 || line.startsWith("#")) {
                continue;
            }
            if (words[0].equals(TOTAL)) {
                tests = Integer.parseInt(words[1]);
                wall = Duration.ofMillis(Long.parseLong(words[2]));
            } else {
                classes.put(words[0] + " " + words[1], Long.parseLong(words[2]));
            }
        }
        return new Estimate(tests, wall, classes);
    }

    /** Writes the times of a run for the next one. */
    void write(Path file) throws IOException {
        StringBuilder text = new StringBuilder("# SPDX-License-Identifier: Apache-2.0\n")
                .append(
                        "# Milliseconds that test classes took, for the estimate of ./ksplat verify: MODULE CLASS TIME.\n")
                .append(TOTAL + " " + tests + " " + wall.toMillis() + "\n");
        new TreeMap<>(classes)
                .forEach((place, millis) ->
                        text.append(place).append(' ').append(millis).append('\n'));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, text);
    }

    /**
     * Returns what is left after some time, or nothing if nothing is known.
     *
     * @param ended the classes that ended
     */
    Optional<Duration> left(Map<String, Long> ended, Duration elapsed) {
        double all = 0;
        double done = 0;
        for (Map.Entry<String, Long> known : classes.entrySet()) {
            all += known.getValue();
            done += ended.containsKey(known.getKey()) ? known.getValue() : 0;
        }
        if (all == 0) {
            return Optional.empty();
        }
        double fraction = done / all;
        if (fraction < ENOUGH) {
            Duration left = wall.minus(elapsed);
            return left.isNegative() ? Optional.empty() : Optional.of(left);
        }
        return Optional.of(Duration.ofMillis(Math.round(elapsed.toMillis() * (1 - fraction) / fraction)));
    }
}
