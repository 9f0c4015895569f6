// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Trial;
import io.ksplat.campaign.internal.fleet.Engine;
import io.ksplat.campaign.internal.fleet.EngineTrial;
import io.ksplat.campaign.internal.fleet.FleetPlan;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.SessionOptions;
import io.ksplat.results.RunLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Where the attempts of a bisection or of a patch trial run: here, or through an engine. */
final class ThroughMixin {
    @Option(
            names = "--through",
            paramLabel = "COMMAND",
            description = "Run each attempt by this command, which runs a program on another machine and ends with it,"
                    + " such as 'srun -n1 -c2' or 'ssh node7'. The launcher, the report, the cache and the files must be"
                    + " there as they are here: see ksplat help many-machines.")
    private @Nullable String command;

    @Option(
            names = "--through-minutes",
            paramLabel = "N",
            defaultValue = "120",
            description = "How long an attempt may take, with its time in the queue; default 120.")
    private int minutes;

    @Option(
            names = "--ksplat",
            paramLabel = "PATH",
            description = "With --through: the launcher as the machines find it; default: this one.")
    private @Nullable Path launcher;

    boolean isGiven() {
        return command != null;
    }

    /** Refuses what is of no use here. */
    void check(CommandSpec spec, int jobs) {
        if (command == null && launcher != null) {
            throw new ParameterException(spec.commandLine(), "--ksplat goes with --through");
        }
        if (command != null && command.isBlank()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--through is a command that runs a program elsewhere: 'srun -n1', 'ssh node7'");
        }
        if (jobs < 1 || minutes < 1) {
            throw new ParameterException(spec.commandLine(), "--jobs and --through-minutes are at least 1");
        }
    }

    /** Opens the engine; empty if attempts run here. */
    Optional<Engine> open(Path report, int jobs) throws IOException {
        if (command == null) {
            return Optional.empty();
        }
        Path folder = report.toAbsolutePath().normalize().resolve("through");
        Files.createDirectories(folder);
        return Optional.of(new Engine(new Engine.Way(
                command,
                launcher == null
                        ? SubmitCommand.ownLauncher()
                        : launcher.toAbsolutePath().normalize(),
                folder,
                Duration.ofMinutes(minutes),
                jobs)));
    }

    /**
     * Returns a trial of a reproducer whose attempts run through the engine.
     *
     * @param here runs it on this machine
     * @param accelerator as it was given
     */
    static Trial trial(
            Engine engine,
            Trial here,
            Reproducers.Choice choice,
            ProgramMixin.Words program,
            Optional<String> accelerator,
            SessionOptions options,
            RunLog report)
            throws IOException {
        FleetPlan.Settings settings = new FleetPlan.Settings(
                Optional.empty(),
                Optional.empty(),
                false,
                (int) RunSettings.DEFAULT_BUSY.toSeconds(),
                accelerator,
                program.options(),
                program.arguments());
        FleetPlan.Reproducer planned =
                PlanWords.reproducers(List.of(elsewhere(choice, program))).get(0);
        return new EngineTrial(engine, here, settings, planned, report, options.tool(), options.progress());
    }

    /** A file has a name that does not depend on the folder in which the machine begins; it is part of the digest. */
    private static Reproducers.Choice elsewhere(Reproducers.Choice choice, ProgramMixin.Words program)
            throws IOException {
        return choice.digest().isEmpty()
                ? choice
                : new Reproducers(program)
                        .find(List.of(Path.of(choice.word())
                                .toAbsolutePath()
                                .normalize()
                                .toString()))
                        .get(0);
    }
}
