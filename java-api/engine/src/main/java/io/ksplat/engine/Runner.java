// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import java.io.IOException;

/**
 * Runs a catalogue's entry on a kernel, once.
 *
 * <pre>{@code
 * Catalogue.Entry entry = new Catalogue.Entry(
 *         scenario.id(), Optional.empty(), "a task is dropped in an NMI", "the bpf list", List.of(),
 *         new Catalogue.Source.Direct(scenario));
 * try (Session session = Session.open(SessionOptions.standard(Progress.NONE));
 *         Runner runner = new EngineRunner()) {
 *     RunOutcome outcome = runner.run(new RunRequest(session, entry, RunSettings.of("debian:7.2")));
 *     outcome.records().forEach(record -> System.out.println(record.verdict()));
 * }
 * }</pre>
 */
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
