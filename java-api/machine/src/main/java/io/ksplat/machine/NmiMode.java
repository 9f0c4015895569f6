// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.math.BigDecimal;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which NMIs are sent in a run.
 *
 * <pre>{@code
 * RunSettings without = RunSettings.of("debian:7.2").sending("none");
 * boolean asItSays = without.nmi().asWritten();
 * }</pre>
 *
 * @param asWritten whether those are sent that the reproducer asks for
 * @param storm instead of those: so many a second, while it runs and until the watch ends
 */
public record NmiMode(boolean asWritten, OptionalDouble storm) {
    /** As the reproducer says. */
    public static final NmiMode AS_WRITTEN = new NmiMode(true, OptionalDouble.empty());

    /** None: a reproducer that then still says CLEAN has a control that does not control. */
    public static final NmiMode NONE = new NmiMode(false, OptionalDouble.empty());

    /** The words of {@link #parse}. */
    public static final String FORMS = "as-written, none or storm:RATE, NMIs a second";

    private static final Pattern STORM = Pattern.compile("storm:(?<rate>[0-9]{1,15}(\\.[0-9]{1,3})?)");

    /**
     * Makes a mode with a storm.
     *
     * @throws IllegalArgumentException if that is no rate that a {@link Storm} can have
     */
    public static NmiMode storm(double perSecond) {
        Storm.checkRate(perSecond);
        return new NmiMode(false, OptionalDouble.of(perSecond));
    }

    /**
     * Reads a mode in words: {@code as-written}, {@code none}, {@code storm:500}.
     *
     * @throws IllegalArgumentException in one line, if it is none
     */
    public static NmiMode parse(String text) {
        Matcher storm = STORM.matcher(text);
        if (storm.matches()) {
            return storm(Double.parseDouble(storm.group("rate")));
        }
        return switch (text) {
            case "as-written" -> AS_WRITTEN;
            case "none" -> NONE;
            default -> throw new IllegalArgumentException(text + " is not " + FORMS);
        };
    }

    /** Returns the words of {@link #parse}. */
    @Override
    public String toString() {
        if (storm.isPresent()) {
            return "storm:"
                    + BigDecimal.valueOf(storm.getAsDouble())
                            .stripTrailingZeros()
                            .toPlainString();
        }
        return asWritten ? "as-written" : "none";
    }
}
