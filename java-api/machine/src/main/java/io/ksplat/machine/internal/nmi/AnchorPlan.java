// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.machine.Landing;
import java.io.IOException;

/**
 * What takes the place of a reproducer's NMIs where it is to be frozen just before one: when everything is armed, the machine is
 * stopped where the CPU at which the NMI was aimed comes by another place.
 *
 * @param symbol the place: a kernel function's first instruction
 * @param hit the how manieth time that the CPU comes by, from 1
 */
public record AnchorPlan(String symbol, int hit, Freezer freezer) {

    /** Freezes the machine, which stands still. */
    @FunctionalInterface
    public interface Freezer {
        void freeze(Landing where) throws IOException;
    }
}
