// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/**
 * What one machine runs at a time: some attempts of a reproducer on a kernel.
 *
 * @param id its name in the plan, and that of its folder
 * @param reproducer the word that names it, as on a command line
 * @param kernel the kernel's spec
 * @param first the number of its first attempt
 * @param last the number of its last attempt
 * @param minutes how long it takes, if earlier runs tell
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record FleetUnit(
        String id, String reproducer, String kernel, int first, int last, Needs needs, Optional<Double> minutes) {
    /** Fit for a file name, and for a line. */
    private static final String ID = "unit-[0-9]{4,7}";

    /** What a machine must have to run it. */
    public record Needs(boolean kvm, long memoryMiB) {}

    public FleetUnit {
        if (!id.matches(ID)) {
            throw new IllegalArgumentException("a unit's id is like unit-0001");
        }
        if (first < 1 || last < first) {
            throw new IllegalArgumentException(id + " has no attempts from " + first + " to " + last);
        }
    }

    /** Returns it in words. */
    public String words() {
        String attempts = first == last ? "attempt " + first : "attempts " + first + " to " + last;
        return id + " (" + reproducer + " on " + kernel + ", " + attempts + ")";
    }
}
