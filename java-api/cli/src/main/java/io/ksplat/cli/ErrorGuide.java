// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.RunRecord;
import io.ksplat.results.RunText;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Names the guide that helps with an error. */
final class ErrorGuide {
    static final String TROUBLESHOOTING = "troubleshooting";
    static final String REPORTS = "reading-a-report";
    static final String KERNELS = "kernels";
    static final String REPRODUCERS = "writing-a-reproducer";

    /** What a command is about. */
    static final Map<String, String> OF_COMMANDS = Map.ofEntries(
            Map.entry("run", REPRODUCERS),
            Map.entry("new", REPRODUCERS),
            Map.entry("list", REPRODUCERS),
            Map.entry("kernels", KERNELS),
            Map.entry("shell", KERNELS),
            Map.entry("cache", KERNELS),
            Map.entry("patch", "patch-trials"),
            Map.entry("b4-check", "patch-trials"),
            Map.entry("bisect", "bisection"),
            Map.entry("bisect-step", "bisection"),
            Map.entry("sweep", "sweep"),
            Map.entry("hunt", "hunting"),
            Map.entry("soak", "reliability"),
            Map.entry("show", REPORTS),
            Map.entry("parse", REPORTS),
            Map.entry("table", REPORTS),
            Map.entry("plan", "many-machines"),
            Map.entry("prepare", "many-machines"),
            Map.entry("submit", "many-machines"),
            Map.entry("merge", "many-machines"),
            Map.entry("history", "history"),
            Map.entry("lab", "kernelci-lab"),
            Map.entry("bench", "performance"));

    /** What a module's exceptions are about. */
    private static final Map<String, String> OF_MODULES =
            Map.of("kernel", KERNELS, "machine", TROUBLESHOOTING, "bpf", TROUBLESHOOTING);

    private static final String SEE = "see: ksplat help ";

    private ErrorGuide() {}

    /** Returns the guide for what a command was called with. */
    static String of(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        while (spec.parent() != null && spec.parent().parent() != null) {
            spec = spec.parent();
        }
        return of(spec.name());
    }

    private static String of(String command) {
        return OF_COMMANDS.getOrDefault(command, TROUBLESHOOTING);
    }

    private static String of(Exception e, CommandLine command) {
        String guide = OF_MODULES.getOrDefault(module(e), of(command));
        // What is wrong with neither the words nor the files of a reproducer is wrong with the host.
        return guide.equals(REPRODUCERS) && !(e instanceof IllegalArgumentException) ? TROUBLESHOOTING : guide;
    }

    /** Returns the module that an exception is of; its own name if it is not of ksplat. */
    private static String module(Exception e) {
        String[] names = e.getClass().getName().split("\\.", 4);
        return names.length > 2 && names[1].equals("ksplat")
                ? names[2]
                : e.getClass().getName();
    }

    /** Returns an error of a command, with its guide at the end: in the same line, if it has only one. */
    static String told(Exception e, CommandLine command) {
        String message = e.getMessage() == null ? e.toString() : e.getMessage();
        return told(message, of(e, command));
    }

    /** Returns an error of something that only has words. */
    static String told(String message) {
        return told(message, TROUBLESHOOTING);
    }

    private static String told(String message, String guide) {
        return message + (message.contains("\n") ? "\n" : "; ") + SEE + guide;
    }

    /** Returns what is printed at the end of a report, with the guide if some run is not as expected. */
    static String end(List<RunRecord> runs, Path report) {
        String end = RunText.end(runs, report);
        if (runs.stream().allMatch(RunRecord::asExpected)) {
            return end;
        }
        return end + "Not as expected; " + SEE + ofRuns(runs) + "\n";
    }

    private static String ofRuns(List<RunRecord> runs) {
        List<RunRecord> errors = runs.stream().filter(RunRecord::isError).toList();
        if (errors.isEmpty()) {
            return REPORTS;
        }
        // A kernel that was found has a release, be it one that does not boot.
        return errors.stream().allMatch(run -> run.kernel().release().isEmpty()) ? KERNELS : TROUBLESHOOTING;
    }
}
