// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.pending;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Sees, in a running machine, what it has still to do for an experiment. */
public interface Pending {
    /** Returns the guest's monotonic clock, a tick exact; empty if this kernel's cannot be read. */
    OptionalLong guestNanos() throws IOException;

    /** Returns whether this kernel's types are known well enough to find timers. */
    boolean canTell();

    /** Returns the timers that are armed; empty if that cannot be told now. */
    Optional<List<ArmedTimer>> timers() throws IOException;
}
