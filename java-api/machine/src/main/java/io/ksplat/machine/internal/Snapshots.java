// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.Target;
import io.ksplat.machine.internal.snapshot.Snapshot;
import java.io.IOException;
import java.nio.file.Path;

/** Freezes a target, so that others are restored from it. */
public interface Snapshots extends Target.Capability {
    /**
     * Freezes it as it is now; it ends.
     *
     * @throws io.ksplat.machine.internal.snapshot.Template.Splatted if its kernel has reported something; it goes on then
     */
    Snapshot freeze() throws IOException;

    /** Freezes it where it stands, at a breakpoint, into the folder that has its memory. */
    void freezeStanding(Path folder) throws IOException;

    /**
     * Goes on with the watch of a process of the machine that this one was restored from.
     *
     * @param output as in {@link io.ksplat.machine.GuestControl#spawn(int, Path, String...)}
     */
    ProcessWatch restored(ProcessWatch before, Path output);
}
