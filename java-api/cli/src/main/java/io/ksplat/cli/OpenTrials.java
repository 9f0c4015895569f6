// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.fleet.Engine;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The trials of a command, here or through an engine, and what they need open. */
final class OpenTrials implements AutoCloseable {
    private final SessionMixin said;
    private final SessionOptions options;
    private final Optional<Engine> engine;
    private final Runner runner = new EntryRunner();
    private final Session session;

    /**
     * Opens a session.
     *
     * @param engine closed with this
     */
    OpenTrials(SessionMixin said, SessionOptions options, Optional<Engine> engine) {
        this.said = said;
        this.options = options;
        this.engine = engine;
        this.session = Session.openUntilSignal(options);
    }

    Session session() {
        return session;
    }

    /** Returns the trials of some entries of a choice; through an engine they are one. */
    List<Trial> of(Reproducers.Choice choice, List<Catalogue.Entry> entries, ProgramMixin.Words program)
            throws IOException {
        List<Trial> here = new ArrayList<>();
        entries.forEach(entry -> here.add(said.trial(session, runner, entry)));
        if (engine.isEmpty()) {
            return here;
        }
        return List.of(ThroughMixin.trial(
                engine.get(),
                here.get(0),
                choice,
                program,
                said.accelerator(),
                options,
                session.report(said.settings().report())));
    }

    @Override
    public void close() throws IOException {
        try {
            engine.ifPresent(Engine::close);
        } finally {
            try {
                session.close();
            } finally {
                runner.close();
            }
        }
    }
}
