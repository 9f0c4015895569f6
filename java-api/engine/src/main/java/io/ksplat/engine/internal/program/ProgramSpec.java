// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the command line, a comment in the file and the file itself say about one program.
 *
 * @param arguments those behind {@code --}
 * @param cflags for gcc; of C alone
 * @param bootParameters of the kernel's command line
 * @param user a name or a number; empty: root
 * @param lasts how long it must run, of the guest's time, if it does not end by itself
 * @param expect the verdict that is as expected; empty: nothing says so
 */
public record ProgramSpec(
        Path file,
        Kind kind,
        List<String> arguments,
        List<String> cflags,
        List<String> bootParameters,
        MachineNeeds machine,
        Optional<String> user,
        Optional<Duration> lasts,
        List<Reach> reaches,
        Map<String, String> environment,
        Optional<Verdict> expect) {
    public ProgramSpec {
        arguments = List.copyOf(arguments);
        cflags = List.copyOf(cflags);
        bootParameters = List.copyOf(bootParameters);
        reaches = List.copyOf(reaches);
        environment = Map.copyOf(environment);
        if (kind != Kind.C && !cflags.isEmpty()) {
            throw new IllegalArgumentException(
                    file + " is no C program: cflags=" + String.join(" ", cflags) + " means nothing for it");
        }
    }

    /** What a program is, by what is in its file. */
    public enum Kind {
        C,
        SCRIPT,
        EXECUTABLE
    }

    /** How often a function of the kernel is to be called. */
    public record Reach(String function, long times) {}

    /**
     * Returns what its comment lines and the options say about a file. Options go before what the file says, except that those which may
     * be given several times are added to it.
     *
     * @param options by {@link ProgramSettings#NAMES}, without dashes
     * @throws IllegalArgumentException in one line, if some of that makes no sense
     * @throws IOException if the file cannot be read
     */
    public static ProgramSpec read(Path file, Kind kind, List<String> arguments, Map<String, List<String>> options)
            throws IOException {
        ProgramSettings settings = kind == Kind.EXECUTABLE ? ProgramSettings.NONE : ProgramSettings.ofComments(file);
        return settings.with(options).of(file, kind, arguments);
    }
}
