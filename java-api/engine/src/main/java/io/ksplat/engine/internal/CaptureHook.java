// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.machine.Nmi;
import java.io.IOException;
import java.time.Duration;

/** Takes the place of a run's first NMI: a sweep freezes the machine there. */
@FunctionalInterface
public interface CaptureHook {
    /**
     * Is called when the run is about to send its first NMI.
     *
     * @param cpu the CPU that it is meant for
     * @param within how long the run would have waited
     * @throws IOException always: it ends the run
     */
    void capture(Fixture fixture, Nmi nmi, int cpu, Duration within) throws IOException;
}
