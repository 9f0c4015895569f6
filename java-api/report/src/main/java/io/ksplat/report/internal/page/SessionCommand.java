// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The command of the session that runs were of. */
public final class SessionCommand {
    private SessionCommand() {}

    /** Returns it as a shell takes it; empty if the record does not have it. */
    public static Optional<String> of(RunRecord run) {
        return run.tool()
                .map(ToolRecord::arguments)
                .filter(arguments -> !arguments.isEmpty())
                .map(SessionCommand::words);
    }

    /** Returns the first one that begins with a command's name: a report may have runs of several sessions. */
    public static Optional<String> of(Collection<RunRecord> runs, String command) {
        return runs.stream()
                .flatMap(run -> run.tool().stream())
                .map(ToolRecord::arguments)
                .filter(arguments -> !arguments.isEmpty() && arguments.get(0).equals(command))
                .findFirst()
                .map(SessionCommand::words);
    }

    private static String words(List<String> arguments) {
        return "ksplat " + arguments.stream().map(Words::quoted).collect(Collectors.joining(" "));
    }
}
