// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.nmi;

import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;

/** What NMI sources want to know of a kernel's data, told from outside by who knows its types. */
public interface Inside {
    /** Nothing is known. */
    Inside UNKNOWN = new Inside() {
        @Override
        public Optional<String> task(GuestMemory memory, int cpu) {
            return Optional.empty();
        }

        @Override
        public OptionalLong nmis(GuestMemory memory, int cpu) {
            return OptionalLong.empty();
        }
    };

    /** The task that a CPU runs: its name and process id. */
    Optional<String> task(GuestMemory memory, int cpu) throws IOException;

    /** How many NMIs a CPU has handled since it booted, as /proc/interrupts has them. */
    OptionalLong nmis(GuestMemory memory, int cpu) throws IOException;
}
