// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import java.io.IOException;

/** Runs a catalogue's entry on a kernel, once. */
public interface Runner extends AutoCloseable {
    /**
     * Runs it.
     *
     * @return a record for each of its cases
     * @throws IOException if the report cannot be written
     * @throws InterruptedException if the session was interrupted
     */
    RunOutcome run(RunRequest request) throws IOException, InterruptedException;

    @Override
    default void close() {}
}
