// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An interval of kernel versions, e.g. {@code [6.5,)}: a square bracket takes its bound in, an absent bound is none. Bounds
 * compare as deep as they are written: 6.5.3 is no later than 6.5.
 */
public record KernelRange(String from, boolean fromIncluded, String to, boolean toIncluded) {
    private static final Pattern FORM = Pattern.compile("([\\[(])\\s*([0-9.]*)\\s*,\\s*([0-9.]*)\\s*([])])");
    private static final Pattern NUMBERS = Pattern.compile("(\\d+(?:\\.\\d+)*).*");

    /** Reads {@code [6.5,)} and its like. */
    public static KernelRange parse(String text) {
        Matcher m = FORM.matcher(text.strip());
        if (!m.matches()) {
            throw new BadSpecException("'" + text + "' is no range of kernels; write [6.5,) or [6.1,6.12)");
        }
        return new KernelRange(
                m.group(2), m.group(1).equals("["), m.group(3), m.group(4).equals("]"));
    }

    /** Whether a release such as {@code 7.3.4-lockdep} lies in it. */
    public boolean contains(String release) {
        int below = from.isEmpty() ? 1 : compare(release, from);
        int above = to.isEmpty() ? -1 : compare(release, to);
        return (below > 0 || (below == 0 && fromIncluded)) && (above < 0 || (above == 0 && toIncluded));
    }

    private static int compare(String release, String bound) {
        List<Integer> version = numbers(release);
        List<Integer> limits = numbers(bound);
        for (int i = 0; i < limits.size(); i++) {
            int order = Integer.compare(i < version.size() ? version.get(i) : 0, limits.get(i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private static List<Integer> numbers(String text) {
        Matcher m = NUMBERS.matcher(text);
        if (!m.matches()) {
            throw new BadSpecException("'" + text + "' does not begin with a kernel version");
        }
        return Stream.of(m.group(1).split("\\.", -1)).map(Integer::valueOf).toList();
    }
}
