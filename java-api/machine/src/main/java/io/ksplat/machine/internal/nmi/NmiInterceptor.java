// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.machine.Nmi;
import java.io.IOException;
import java.time.Duration;

/** Comes before the NMIs of a reproducer: a sweep freezes the machine there. */
@FunctionalInterface
public interface NmiInterceptor {
    /**
     * Is called when a reproducer is about to send an NMI.
     *
     * @param nmi the run's
     * @param cpu the CPU that it is meant for
     * @param within how long the reproducer would have waited
     * @throws IOException to end the run in the place of the NMI
     */
    void before(Nmi nmi, int cpu, Duration within) throws IOException;
}
