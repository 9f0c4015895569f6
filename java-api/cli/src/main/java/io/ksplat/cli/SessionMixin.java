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
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What the commands that run reproducers until they know enough have in common. */
final class SessionMixin {
    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Where the runs go, default ksplat-report. A report that is there is replaced.")
    private Path report = RunSettings.DEFAULT_REPORT;

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Mixin
    private OnMixin real = new OnMixin();

    @Mixin
    private ConfigMixin config = new ConfigMixin();

    Path report() {
        return report;
    }

    Optional<String> accelerator() {
        return machines.said();
    }

    /** Returns the files of configuration of the kernels that are built. */
    List<Path> fragments() {
        return config.fragments();
    }

    /** Refuses files of configuration if no kernel is built. */
    void checkConfig(List<String> kernels) {
        config.fragmentsOf(kernels);
    }

    /**
     * Refuses what one real machine cannot do.
     *
     * @param elsewhere whether attempts run through an engine
     * @param jobs at a time
     */
    void checkOn(CommandSpec spec, boolean elsewhere, int jobs) {
        if (elsewhere && !config.fragments().isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--config does not go with --through: a machine of the engine would look for the files where it is");
        }
        if (real.isGiven() && (elsewhere || jobs > 1)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--on is one machine, which runs one attempt at a time: leave out --through and --jobs");
        }
    }

    /** Returns the session's options, after the user of a real machine has agreed. */
    SessionOptions options(TerminalProgress progress, CommandSpec spec) throws IOException {
        return machines.options(progress)
                .withFragments(config.fragments())
                .calledWith(Main.arguments(spec))
                .on(real.machine(spec));
    }

    RunSettings settings() {
        return RunSettings.of(RunSettings.DEFAULT_KERNEL).reportedIn(report.toAbsolutePath());
    }

    Trial trial(Session session, Runner runner, Catalogue.Entry entry) {
        return new RunnerTrial(session, runner, entry, settings());
    }
}
