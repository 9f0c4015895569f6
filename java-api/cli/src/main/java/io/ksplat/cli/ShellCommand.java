// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.campaign.Campaign;
import io.ksplat.campaign.internal.shell.MachineShell;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.SessionOptions;
import io.ksplat.engine.internal.TerminalProgress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "shell",
        description = {
            "Opens a shell in a machine: busybox, or that of a root file system, with /proc, /sys, bpf, debugfs and tracefs "
                    + "mounted, on the machine's console.",
            "exit, Ctrl-D or poweroff ends it; so does Ctrl-A x, also if the machine hangs."
        },
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {
            "N:that of the command, or of the shell",
            "2:usage",
            "3:the machine did not boot, or ended before the command did, or the command did not end in time"
        })
final class ShellCommand implements Callable<Integer> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})([MG])(?:i?B)?", Pattern.CASE_INSENSITIVE);
    private static final int LEAST_MIB = 64;
    private static final int MOST_CPUS = 64;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--kernel",
            paramLabel = "SPEC",
            description = RunSettings.KERNEL_FORMS + ". Default: " + RunSettings.DEFAULT_KERNEL + ".")
    private String kernel = RunSettings.DEFAULT_KERNEL;

    @Option(names = "--cpus", paramLabel = "N", description = "CPUs of the machine, default 2.")
    private int cpus = 2;

    @Option(names = "--memory", paramLabel = "SIZE", description = "Memory of the machine, 512M or 2G; default 512M.")
    private String memory = "512M";

    @Option(
            names = "--root",
            paramLabel = "ROOT",
            description =
                    "The root file system: debian[:SUITE][+PACKAGE...], a folder, a tar archive or an image. Default: busybox alone.")
    private Optional<String> root = Optional.empty();

    @Mixin
    private AcceleratorMixin machines = new AcceleratorMixin();

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "Of a command: fail if it did not end in that time, default 600.")
    private int timeout = 600;

    @Parameters(
            paramLabel = "COMMAND",
            arity = "0..*",
            description = "Run this command, without a terminal, in the place of a shell; write it after --.")
    private List<String> command = List.of();

    @Override
    public Integer call() throws Exception {
        if (cpus < 1 || cpus > MOST_CPUS) {
            throw new ParameterException(spec.commandLine(), "--cpus must be from 1 to " + MOST_CPUS);
        }
        if (timeout < 1) {
            throw new ParameterException(spec.commandLine(), "--timeout must be at least 1");
        }
        int mib = mib();
        if (root.filter(String::isBlank).isPresent()) {
            throw new ParameterException(
                    spec.commandLine(), "--root is debian[:SUITE][+PACKAGE...] or a path, and not empty");
        }
        Optional<Path> terminal = command.isEmpty() ? MachineShell.terminal() : Optional.empty();
        if (command.isEmpty() && terminal.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "standard input is no terminal: give a command, ksplat shell -- COMMAND");
        }
        TerminalProgress progress = TerminalProgress.on(spec.commandLine().getErr());
        SessionOptions options = machines.options(progress);
        try (MachineShell shell =
                MachineShell.boot(Campaign.kernels(List.of(kernel)).get(0), cpus, mib, root, options)) {
            progress.clear();
            return terminal.isPresent()
                    ? shell.handOver(terminal.get(), System.in, System.out)
                    : shell.run(command, Duration.ofSeconds(timeout), System.out, System.err);
        }
    }

    private int mib() {
        Matcher size = SIZE.matcher(memory);
        if (!size.matches()) {
            throw new ParameterException(spec.commandLine(), "--memory " + memory + " is no size; write 512M or 2G");
        }
        int mib = Integer.parseInt(size.group(1)) * (size.group(2).equalsIgnoreCase("G") ? 1024 : 1);
        if (mib < LEAST_MIB) {
            throw new ParameterException(spec.commandLine(), "--memory must be at least " + LEAST_MIB + "M");
        }
        return mib;
    }
}
