// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.machine.Target;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The machine that several runs hand on, as long as none of them damages it. */
public final class SharedMachine implements AutoCloseable {
    private @Nullable Kept kept;

    /**
     * A machine.
     *
     * @param origin how it came to be: {@code boot} or {@code template}
     * @param watcher of the run that had it, which reads its console until the next one begins
     */
    record Kept(Target target, String origin, Watcher watcher) {}

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
            last.get().target().close();
        }
    }
}
