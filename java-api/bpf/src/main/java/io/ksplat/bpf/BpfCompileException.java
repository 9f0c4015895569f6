// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * clang did not compile a BPF source file. The message is its first error, in one line.
 *
 * <pre>{@code
 * try {
 *     BpfCompiler.find().compile(Path.of("mine.bpf.c"), List.of(), Duration.ofSeconds(60));
 * } catch (BpfCompileException e) {
 *     System.out.println(e.output());         // everything that clang printed
 * }
 * }</pre>
 */
public final class BpfCompileException extends IOException {
    private static final Pattern DIAGNOSTIC =
            Pattern.compile("^(.+?):(\\d+):(?:\\d+:)? (?:fatal )?error: (.*)$", Pattern.MULTILINE);

    private final String output;

    private BpfCompileException(String message, String output) {
        super(message);
        this.output = output;
    }

    static BpfCompileException of(Path source, int exitCode, String output) {
        Matcher first = DIAGNOSTIC.matcher(output);
        if (first.find()) {
            return new BpfCompileException(first.group(1) + ":" + first.group(2) + ": " + first.group(3), output);
        }
        String line = output.lines().findFirst().orElse("clang printed nothing");
        return new BpfCompileException(source + ": clang exited with " + exitCode + ": " + line, output);
    }

    static BpfCompileException timedOut(Path source, String limit, String output) {
        return new BpfCompileException(
                source + ": clang took longer than " + limit + ", or ten times that of the clock, and was killed",
                output);
    }

    /** Returns everything that clang printed. */
    public String output() {
        return output;
    }
}
