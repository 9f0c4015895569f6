// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An interval of kernel versions, for example {@code [6.5,)}. A square bracket includes its bound; a missing bound is open. A version is
 * compared only as deep as the bound is written: 6.5.3 is not later than 6.5.
 *
 * <pre>{@code
 * KernelRange range = KernelRange.parse("[6.5,7.2)");
 * boolean covered = range.contains("6.12.48+deb13-cloud-amd64");
 * }</pre>
 *
 * @param from the lower bound; empty if there is none
 * @param to the upper bound; empty if there is none
 */
public record KernelRange(String from, boolean fromIncluded, String to, boolean toIncluded) {
    private static final String VERSION = "\\d{1,9}(?:\\.\\d{1,9})*";
    private static final Pattern FORM =
            Pattern.compile("([\\[(])\\s*(" + VERSION + ")?\\s*,\\s*(" + VERSION + ")?\\s*([])])");
    private static final Pattern NUMBERS = Pattern.compile("^" + VERSION);

    /**
     * Parses the form with brackets, for example {@code [6.5,)}.
     *
     * @throws BadSpecException if the text is not a range, or no version can lie in it
     */
    public static KernelRange parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches()) {
            throw new BadSpecException("\"" + text + "\" is no range of kernels; write [6.3,) or [6.1,6.12)");
        }
        KernelRange range = new KernelRange(
                Objects.requireNonNullElse(form.group(2), ""),
                form.group(1).equals("["),
                Objects.requireNonNullElse(form.group(3), ""),
                form.group(4).equals("]"));
        if (range.isBackwards()) {
            throw new BadSpecException("\"" + text + "\" begins after it ends: no kernel lies in it");
        }
        return range;
    }

    /** Returns whether a release, for example {@code 7.2.13+deb14-cloud-amd64}, lies in the range. */
    public boolean contains(String release) {
        int below = from.isEmpty() ? 1 : compare(release, from);
        int above = to.isEmpty() ? -1 : compare(release, to);
        return (below > 0 || (below == 0 && fromIncluded)) && (above < 0 || (above == 0 && toIncluded));
    }

    private boolean isBackwards() {
        return !from.isEmpty() && !to.isEmpty() && compare(from, to) > 0;
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
        Matcher numbers = NUMBERS.matcher(text);
        if (!numbers.find()) {
            throw new BadSpecException("\"" + text + "\" does not begin with a kernel version");
        }
        return Arrays.stream(numbers.group().split("\\.", -1))
                .map(Integer::valueOf)
                .toList();
    }
}
