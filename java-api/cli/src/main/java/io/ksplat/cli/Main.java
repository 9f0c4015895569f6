// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ksplat}. */
@Command(
        name = "ksplat",
        description = "Makes Linux kernels splat on purpose, in a throw-away machine, and tells what happened.",
        mixinStandardHelpOptions = true,
        version = "ksplat 0.1.0",
        subcommands = {
            RunCommand.class,
            NewCommand.class,
            ListCommand.class,
            KernelsCommand.class,
            ParseCommand.class,
            BenchCommand.class,
            BisectCommand.class,
            BisectStepCommand.class,
            PatchCommand.class,
            SweepCommand.class,
            ShowCommand.class,
            MergeCommand.class,
            TableCommand.class
        })
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Returns what ksplat was called with. */
    static List<String> arguments(CommandSpec spec) {
        return spec.root().commandLine().getParseResult().originalArgs();
    }

    static int execute(String... arguments) {
        // Under git bisect run, what is a usage error elsewhere would be a bad kernel.
        boolean step = arguments.length > 0 && arguments[0].equals(BisectStepCommand.NAME);
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    commandLine.getErr().println("ksplat: " + message(e));
                    if (step) {
                        return BisectStepCommand.STOP;
                    }
                    return e instanceof IllegalArgumentException ? Exit.USAGE : Exit.HARNESS;
                })
                .setParameterExceptionHandler((e, words) -> {
                    e.getCommandLine().getErr().println("ksplat: " + e.getMessage());
                    e.getCommandLine()
                            .getErr()
                            .println("Try: "
                                    + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
                    return step ? BisectStepCommand.STOP : Exit.USAGE;
                })
                .execute(arguments);
    }

    private static String message(Exception e) {
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }
}
