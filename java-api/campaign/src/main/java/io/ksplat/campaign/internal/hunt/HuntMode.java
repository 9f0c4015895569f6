// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** In which context an operation is done once more. */
public enum HuntMode {
    /** In an NMI that interrupts it. */
    NMI,
    /** In a program that is attached to what it passes. */
    REENTRY;

    /**
     * Returns the mode of a word.
     *
     * @throws IllegalArgumentException if there is none
     */
    @JsonCreator
    public static HuntMode of(String word) {
        return Arrays.stream(values())
                .filter(mode -> mode.word().equals(word))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no mode " + word + "; there are: "
                        + Arrays.stream(values()).map(HuntMode::word).collect(Collectors.joining(", "))));
    }

    /** Returns its word: {@code nmi}, {@code reentry}. */
    @JsonValue
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
