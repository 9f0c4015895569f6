// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.bpf.internal.clang.ClangRun;
import io.ksplat.bpf.internal.clang.ObjectCache;
import io.ksplat.bpf.internal.clang.Places;
import io.ksplat.bpf.internal.clang.SourceDigest;
import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Compiles a C program with gcc, linked statically: machines have no libraries. Its own folder is its include path. The program is kept,
 * and taken again if all that gcc said it had read is the same.
 */
final class CCompiler {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final String GCC = "gcc";
    private static final Pattern DIAGNOSTIC =
            Pattern.compile("^(.+?:\\d+):(?:\\d+:)? (?:fatal )?error: (.*)$", Pattern.MULTILINE);
    private static final Pattern LINKER =
            Pattern.compile("^.*(?:undefined reference to|cannot find) .*$", Pattern.MULTILINE);

    private final Path source;
    private final Path folder;
    private final List<String> command;

    CCompiler(Path source, List<String> cflags) {
        this.source = source.toAbsolutePath();
        this.folder = this.source.resolveSibling("");
        this.command = new ArrayList<>(List.of(GCC, "-static", "-O1", "-D_GNU_SOURCE", "-I" + folder));
        command.addAll(cflags);
    }

    /**
     * Returns the program.
     *
     * @throws IOException with gcc's first error, if it refuses the source
     */
    byte[] compile(Cache cache) throws IOException, InterruptedException {
        Places places = new Places(source, List.of());
        String salt = places.named(String.join("\n", version(), String.join("\n", command)));
        String first = SourceDigest.of(salt, source, List.of(folder));
        return new ObjectCache(cache, first, places).object(this::compiled);
    }

    private String version() throws IOException, InterruptedException {
        return run(List.of(GCC, "-v")).output();
    }

    private ClangRun run(List<String> words) throws IOException, InterruptedException {
        try {
            // Messages are read here.
            return ClangRun.of(words, folder, Map.of("LC_ALL", "C"), LIMIT);
        } catch (IOException e) {
            throw new IOException(
                    "C programs are compiled with gcc, which cannot be run (" + e.getMessage()
                            + "): install the packages gcc and libc6-dev",
                    e);
        }
    }

    private ObjectCache.Compiled compiled() throws IOException, InterruptedException {
        Path program = Files.createTempFile("ksplat-c-", "");
        Path rule = Files.createTempFile("ksplat-c-", ".d");
        Path linked = Files.createTempFile("ksplat-c-", ".link.d");
        try {
            List<String> words = new ArrayList<>(command);
            words.addAll(List.of("-MD", "-MT", "object", "-MF", rule.toString()));
            words.add("-Wl,--dependency-file=" + linked);
            // Libraries stand behind what needs them.
            words.add(2, source.toString());
            words.addAll(List.of("-o", program.toString()));
            ClangRun run = run(words);
            if (run.timedOut()) {
                throw new IOException(source + ": gcc took longer than " + LIMIT.toSeconds()
                        + " s of CPU time, or ten times that of the clock, and was killed");
            }
            if (run.exitCode() != 0) {
                throw new IOException(refusal(run));
            }
            String read = Files.readString(rule).stripTrailing() + linked(Files.readString(linked));
            return new ObjectCache.Compiled(Files.readAllBytes(program), read, folder);
        } finally {
            Files.deleteIfExists(program);
            Files.deleteIfExists(rule);
            Files.deleteIfExists(linked);
        }
    }

    /** Returns the libraries of the linker's rule, which has a file a line: the compiler's own lacks them. Its object is gone by now. */
    private static String linked(String rule) {
        return rule.lines()
                .skip(1)
                .takeWhile(line -> !line.isBlank())
                .map(line -> line.replaceFirst(" \\\\$", "").strip())
                .filter(file -> Files.exists(Path.of(file)))
                .map(file -> " " + file.replace(" ", "\\ "))
                .collect(Collectors.joining("", "", "\n"));
    }

    private String refusal(ClangRun run) {
        Matcher error = DIAGNOSTIC.matcher(run.output());
        if (error.find()) {
            return error.group(1) + ": gcc: " + error.group(2);
        }
        Matcher linker = LINKER.matcher(run.output());
        String why = linker.find()
                ? linker.group()
                : run.output().lines().findFirst().orElse("it printed nothing");
        return source + ": gcc exited with " + run.exitCode() + ": " + why.strip();
    }
}
