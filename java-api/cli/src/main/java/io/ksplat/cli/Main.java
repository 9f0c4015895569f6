// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ksplat}. */
@Command(
        name = "ksplat",
        description = "Makes Linux kernels splat on purpose, in a throw-away machine, and tells what happened.",
        mixinStandardHelpOptions = true,
        version = "ksplat 0.1.0")
public final class Main {
    private static final Map<String, Class<?>> COMMANDS = commands();

    private Main() {}

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("run", RunCommand.class);
        commands.put("new", NewCommand.class);
        commands.put("list", ListCommand.class);
        commands.put("kernels", KernelsCommand.class);
        commands.put("parse", ParseCommand.class);
        commands.put("bench", BenchCommand.class);
        commands.put("bisect", BisectCommand.class);
        commands.put(BisectStepCommand.NAME, BisectStepCommand.class);
        commands.put("patch", PatchCommand.class);
        commands.put("sweep", SweepCommand.class);
        commands.put("show", ShowCommand.class);
        commands.put("merge", MergeCommand.class);
        commands.put("table", TableCommand.class);
        return commands;
    }

    /** Returns the command line with all its commands, or with the one that is called: reading the options of all takes a while. */
    static CommandLine commandLine(String... arguments) {
        CommandLine all = new CommandLine(new Main());
        Class<?> called = arguments.length == 0 ? null : COMMANDS.get(arguments[0]);
        if (called != null) {
            return all.addSubcommand(arguments[0], called);
        }
        COMMANDS.forEach(all::addSubcommand);
        return all;
    }

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
        return commandLine(arguments)
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
