// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;

/**
 * What one machine does at a time: some attempts of a reproducer on a kernel, an operation of a hunt, some points of a sweep.
 *
 * @param id its name in the plan, and that of its folder
 * @param reproducer the word that names it, as on a command line; of a hunt, the operation
 * @param kernel the kernel's spec
 * @param first the number of its first attempt, round or point
 * @param last the number of the last one
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
            throw new IllegalArgumentException(id + " has nothing from " + first + " to " + last);
        }
    }
}
