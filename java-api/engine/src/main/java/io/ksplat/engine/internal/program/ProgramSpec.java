// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.MachineNeeds;
import io.ksplat.evidence.Verdict;
import io.ksplat.evidence.internal.console.ReportTitle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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
 * @param bug what it reproduces; a run that ends in another report is of another bug. Empty: any is
 * @param test what it says of itself, if it is a test of LTP
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
        Optional<Verdict> expect,
        Optional<ReportTitle> bug,
        Optional<LtpTest> test) {
    /** No source is longer. */
    private static final int MOST_TEXT = 4 * 1024 * 1024;

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
        if (kind == Kind.EXECUTABLE) {
            return ProgramSettings.NONE.with(options).of(file, kind, arguments, "");
        }
        return ProgramSettings.ofComments(file).with(options).of(file, kind, arguments, source(file));
    }

    private static String source(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST_TEXT), StandardCharsets.UTF_8);
        }
    }
}
