// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** {@code ksplat}. */
@Command(
        name = "ksplat",
        description = "Makes Linux kernels splat on purpose, in a throw-away machine, and tells what happened.",
        mixinStandardHelpOptions = true,
        version = "ksplat 0.1.0",
        footer = {
            "%nGuides, for what is to be done: ksplat help",
            "In a checkout: ksplat verify runs ksplat's own tests, ksplat dist packs it; ksplat verify --help"
        })
public final class Main {
    private static final String HELP = "help";
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
        commands.put("b4-check", B4CheckCommand.class);
        commands.put("sweep", SweepCommand.class);
        commands.put("hunt", HuntCommand.class);
        commands.put("soak", SoakCommand.class);
        commands.put("shell", ShellCommand.class);
        commands.put("cache", CacheCommand.class);
        commands.put("doctor", DoctorCommand.class);
        commands.put("show", ShowCommand.class);
        commands.put("plan", PlanCommand.class);
        commands.put("prepare", PrepareCommand.class);
        commands.put("submit", SubmitCommand.class);
        commands.put("merge", MergeCommand.class);
        commands.put("history", HistoryCommand.class);
        commands.put("lab", LabCommand.class);
        commands.put("table", TableCommand.class);
        commands.put(HELP, HelpCommand.class);
        return commands;
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
        try {
            return commandLine(step, arguments).execute(arguments);
        } catch (Error e) {
            // No memory, or no file descriptor to load a class: what follows needs none. The JVM's own exit code would
            // be that of a
            // verdict that differs.
            System.err.println(
                    "ksplat: this process failed: ".concat(e.toString()).concat("; see: ksplat help troubleshooting"));
            return step ? BisectStepCommand.STOP : Exit.HARNESS;
        }
    }

    /**
     * Returns the command line with the command that is called, or with all of them: reading the options of all takes a while.
     *
     * @param step whether every error is git's stop, as {@code bisect-step} wants it
     */
    static CommandLine commandLine(boolean step, String... arguments) {
        CommandLine ksplat = new CommandLine(new Main());
        Class<?> called = arguments.length == 0 || arguments[0].equals(HELP) ? null : COMMANDS.get(arguments[0]);
        if (called == null) {
            COMMANDS.forEach(ksplat::addSubcommand);
        } else {
            ksplat.addSubcommand(arguments[0], called);
        }
        return ksplat.setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, commandLine, parsed) -> {
                    String told = ErrorGuide.told(e, commandLine);
                    commandLine.getErr().println("ksplat: " + told);
                    Optional<Integer> answered = answer(commandLine, e, told);
                    if (answered.isPresent()) {
                        return answered.get();
                    }
                    if (step) {
                        return BisectStepCommand.STOP;
                    }
                    return e instanceof IllegalArgumentException ? Exit.USAGE : Exit.HARNESS;
                })
                .setParameterExceptionHandler((e, words) -> {
                    CommandLine command = e.getCommandLine();
                    command.getErr().println("ksplat: " + e.getMessage());
                    command.getErr()
                            .println("Try: " + command.getCommandSpec().qualifiedName() + " --help; see: ksplat help "
                                    + ErrorGuide.of(command));
                    answer(command, e, String.valueOf(e.getMessage()));
                    return step ? BisectStepCommand.STOP : Exit.USAGE;
                });
    }

    /** Lets a command that always has an answer give it; returns the exit code if it is not that of the error. */
    private static Optional<Integer> answer(CommandLine command, Exception e, String told) {
        return command.getCommand() instanceof B4CheckCommand check ? check.failed(e, told) : Optional.empty();
    }
}
