// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An interval of kernel versions, open or closed at each end; an absent upper bound is infinity. */
record KernelRange(boolean fromIncluded, String from, String to, boolean toIncluded) {
    private static final String VERSION = "\\d{1,9}(?:\\.\\d{1,9})*";
    private static final Pattern FORM =
            Pattern.compile("([\\[(])\\s*(" + VERSION + ")?\\s*,\\s*(" + VERSION + ")?\\s*([])])");
    private static final Pattern NUMBERS = Pattern.compile("^" + VERSION);

    static KernelRange parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no range of kernels; write [6.3,) or [6.1,6.12)");
        }
        KernelRange range = new KernelRange(
                form.group(1).equals("["),
                Objects.requireNonNullElse(form.group(2), ""),
                Objects.requireNonNullElse(form.group(3), ""),
                form.group(4).equals("]"));
        if (range.isBackwards()) {
            throw new IllegalArgumentException("\"" + text + "\" begins after it ends: no kernel lies in it");
        }
        return range;
    }

    private boolean isBackwards() {
        return !from.isEmpty() && !to.isEmpty() && compare(numbers(from), numbers(to)) > 0;
    }

    /** Whether a release such as {@code 7.2.13+deb14-cloud-amd64} lies in it. Bounds compare as deep as they are written. */
    boolean contains(String release) {
        List<Integer> version = numbers(release);
        int below = from.isEmpty() ? 1 : compare(version, numbers(from));
        int above = to.isEmpty() ? -1 : compare(version, numbers(to));
        return (below > 0 || (below == 0 && fromIncluded)) && (above < 0 || (above == 0 && toIncluded));
    }

    private static int compare(List<Integer> version, List<Integer> bound) {
        for (int i = 0; i < bound.size(); i++) {
            int part = i < version.size() ? version.get(i) : 0;
            if (part != bound.get(i)) {
                return Integer.compare(part, bound.get(i));
            }
        }
        return 0;
    }

    private static List<Integer> numbers(String text) {
        Matcher numbers = NUMBERS.matcher(text);
        if (!numbers.find()) {
            throw new IllegalArgumentException("\"" + text + "\" does not begin with a version");
        }
        return new ArrayList<>(Arrays.stream(numbers.group().split("\\.", -1))
                .map(Integer::valueOf)
                .toList());
    }
}
