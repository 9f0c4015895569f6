// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.RunOutcome;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.Optional;
import java.util.stream.Stream;

/** A run ended before its machine could be frozen. */
public final class NoAnchorException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Optional<RunRecord> run;

    NoAnchorException(String from, RunOutcome outcome) {
        super("no anchor at " + from + ": " + why(outcome));
        this.run = outcome.records().stream().findFirst();
    }

    private static String why(RunOutcome outcome) {
        return Stream.concat(
                        outcome.failures().stream(),
                        outcome.records().stream().flatMap(record -> record.message().stream()))
                .findFirst()
                .orElse("the reproducer did not run");
    }

    /** Returns the record of the run, if it has one. */
    public Optional<RunRecord> run() {
        return run;
    }
}
