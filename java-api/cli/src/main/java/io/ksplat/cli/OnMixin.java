// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.engine.internal.ChosenMachine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which real machine a command runs on, if it does. */
final class OnMixin {
    @Option(
            names = "--on",
            paramLabel = "TARGET",
            description =
                    "Run on a real machine, on the kernel that it was booted with unless another one is named, which it boots then,"
                            + " once: a name of machines.toml, ssh:USER@HOST, or local, which is this machine.")
    private @Nullable String on;

    @Option(
            names = "--machines",
            paramLabel = "FILE",
            description =
                    "The file that describes real machines, default machines.toml in the user's configuration folder.")
    private @Nullable Path machines;

    @Option(
            names = "--console",
            paramLabel = "COMMAND",
            description = "A command that prints the console of --on ssh:USER@HOST.")
    private @Nullable String console;

    @Option(names = "--yes", description = "Do not ask before --on touches a machine that is not marked sacrificial.")
    private boolean yes;

    /** Returns whether one is asked for. */
    boolean isGiven() {
        return on != null;
    }

    /**
     * Returns the machine, after its user has agreed.
     *
     * @throws ParameterException if there is none, or nobody agrees
     */
    Optional<ChosenMachine> machine(CommandSpec spec) throws IOException {
        String target = on;
        if (target == null) {
            if (machines != null || console != null || yes) {
                throw new ParameterException(spec.commandLine(), "--machines, --console and --yes go with --on");
            }
            return Optional.empty();
        }
        ChosenMachine machine;
        try {
            machine = ChosenMachine.find(target, Optional.ofNullable(machines), Optional.ofNullable(console));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        if (!machine.sacrificial() && !yes && !agrees(machine.name())) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--on " + target + ": its kernel may deadlock or crash, and must be reset then: say --yes, or"
                            + " sacrificial = true of a machine in machines.toml");
        }
        return Optional.of(machine);
    }

    private static boolean agrees(String name) throws IOException {
        if (!Boolean.getBoolean("ksplat.terminal")) {
            return false;
        }
        System.err.printf("The kernel of %s may deadlock or crash, and must be reset then. Run there? [y/N] ", name);
        System.err.flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
    }

    /** Returns the kernels to run on: on a real machine the one that runs there, unless others are asked for. */
    static List<String> kernels(CommandSpec spec, List<String> given, Optional<ChosenMachine> machine) {
        return machine.isPresent() && !spec.commandLine().getParseResult().hasMatchedOption("--kernel")
                ? List.of("running:" + machine.get().name())
                : given;
    }
}
