// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.machine.internal.Guest;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The machine that the methods of a class hand on, as long as none of them hurts it. */
final class SharedMachine implements AutoCloseable {
    private @Nullable Kept kept;

    /** A machine, and how it came to be: {@code boot} or {@code template}. */
    record Kept(Guest guest, String origin) {}

    /** Takes the machine out; whoever has it hands it back, or closes it. */
    synchronized Optional<Kept> take() {
        Optional<Kept> taken = Optional.ofNullable(kept);
        kept = null;
        return taken;
    }

    synchronized void handBack(Kept machine) {
        kept = machine;
    }

    @Override
    public void close() throws IOException {
        Optional<Kept> last = take();
        if (last.isPresent()) {
            last.get().guest().close();
        }
    }
}
