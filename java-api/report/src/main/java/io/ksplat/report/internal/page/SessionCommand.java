// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.page;

import io.ksplat.results.RunRecord;
import io.ksplat.results.ToolRecord;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The command of the session that runs were of. */
public final class SessionCommand {
    /** A reproducer of the catalogue, and maybe its case. */
    private static final Pattern ID = Pattern.compile("[a-z0-9-]+(/[a-z0-9-]+)?");

    private static final String ALL = "--all";

    /** Options that choose runs and say where the report goes, and change none. */
    private static final Set<String> VALUES = Set.of("--kernel", "--repeat", "--jobs", "--report", "--baseline");

    private static final Set<String> FLAGS = Set.of(ALL, "--json");

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

    /**
     * Returns the command of one run of a session; empty if that would be another experiment: the file of a reproducer is known to the
     * session's command only, and so are the options of it.
     */
    static Optional<String> ofOne(RunRecord run) {
        return run.tool()
                .map(ToolRecord::arguments)
                .filter(arguments -> isPlain(arguments, run.reproducer()))
                .map(arguments -> words(List.of(
                        "run", run.reproducer(), "--kernel", run.kernel().spec())));
    }

    private static boolean isPlain(List<String> arguments, String reproducer) {
        if (arguments.isEmpty()
                || !arguments.get(0).equals("run")
                || !ID.matcher(reproducer).matches()) {
            return false;
        }
        boolean named = false;
        for (int i = 1; i < arguments.size(); i++) {
            String word = arguments.get(i);
            if (VALUES.contains(word)) {
                i++;
            } else if (word.startsWith("-") || word.startsWith("@")) {
                if (!FLAGS.contains(word) && !VALUES.contains(word.replaceFirst("=.*", ""))) {
                    return false;
                }
                named |= word.equals(ALL);
            } else {
                named |= reproducer.equals(word) || reproducer.startsWith(word + "/");
            }
        }
        return named;
    }

    private static String words(List<String> arguments) {
        return "ksplat " + arguments.stream().map(Words::quoted).collect(Collectors.joining(" "));
    }
}
