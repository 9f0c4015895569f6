// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.RunnerTrial;
import io.ksplat.campaign.Trial;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What the commands that run reproducers until they know enough have in common. */
final class SessionMixin {
    @Option(names = "--report", paramLabel = "DIR", description = "Where the runs go, default ksplat-report.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    Path report() {
        return report;
    }

    Optional<String> accelerator() {
        return machines.said();
    }

    SessionOptions options(TerminalProgress progress, CommandSpec spec) {
        return machines.options(progress).calledWith(Main.arguments(spec));
    }

    RunSettings settings() {
        return RunSettings.of(RunSettings.DEFAULT_KERNEL).reportedIn(report.toAbsolutePath());
    }

    Trial trial(Session session, Runner runner, Catalogue.Entry entry) {
        return new RunnerTrial(session, runner, entry, settings());
    }
}
