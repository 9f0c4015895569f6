// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.Target;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Path;

/** Keeps what is left of a target that ended with evidence. */
public interface CoreDump extends Target.Capability {
    /** Writes its memory as a file that crash and drgn open. */
    void dump(Path file, OutsideView.Known known) throws IOException;

    /** Stops it, and leaves it so for a debugger. */
    VirtualMachine.Kept keep() throws IOException;
}
