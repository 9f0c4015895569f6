// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Parallelism;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How many attempts run at a time. */
final class JobsMixin {
    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "Attempts at a time; default: as many as this machine has CPUs and memory for.")
    private @Nullable Integer jobs;

    /** Refuses what makes no sense. */
    void check(CommandSpec spec) {
        if (jobs != null && (jobs < 1 || jobs > Parallelism.MOST)) {
            throw new ParameterException(spec.commandLine(), "--jobs must be from 1 to " + Parallelism.MOST);
        }
    }

    /** Returns what was said, or as many as fit. */
    int count() throws IOException {
        return jobs == null ? Parallelism.fitting() : jobs;
    }
}
