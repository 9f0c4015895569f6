// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.MachineException;
import java.time.Duration;

/** The rhythm in which guest memory is sampled: memory that changes raises no event on the host. */
public final class Poll {
    public static final Duration PERIOD = Duration.ofMillis(10);

    private Poll() {}

    /** Lets one period pass. */
    public static void pause() throws MachineException {
        try {
            Thread.sleep(PERIOD.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while sampling the machine", e);
        }
    }
}
