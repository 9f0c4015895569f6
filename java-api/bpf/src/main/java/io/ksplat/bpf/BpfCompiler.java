// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.libbpf.SourceDigest;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles BPF programs with clang, each in a separate process. Immutable; any thread may use it.
 *
 * <pre>{@code
 * byte[] object = BpfCompiler.find()
 *         .compile(Path.of("nmi_task_kptr.bpf.c"), List.of(Path.of("include")), Duration.ofSeconds(60));
 * BpfObjectFile file = BpfObjectFile.parse("nmi_task_kptr", object);
 * }</pre>
 */
public final class BpfCompiler {
    /** The environment variable that names the clang to use: a path or a command. */
    public static final String CLANG_VARIABLE = "KSPLAT_CLANG";

    // 14 drops btf_type_tag from struct members, and so every kptr
    private static final int OLDEST = 15;
    private static final int NEWEST = 22;
    private static final Duration VERSION_DEADLINE = Duration.ofSeconds(20);
    private static final Pattern VERSION = Pattern.compile("clang version ((\\d+)\\.\\S*)");

    // The kernel is built with ms-extensions since 6.19: its structs contain unnamed members of named types.
    // A fixed compilation directory: the same source gives the same object in any folder
    private static final List<String> FLAGS = List.of(
            "-O2",
            "-g",
            "-target",
            "bpf",
            "-mcpu=v3",
            "-std=gnu17",
            "-D__TARGET_ARCH_x86",
            "-Wall",
            "-Werror",
            "-fms-extensions",
            "-Wno-microsoft-anon-tag",
            "-Wno-missing-declarations",
            "-fdebug-compilation-dir=.",
            "-fno-color-diagnostics");

    private final Path clang;
    private final String version;

    private BpfCompiler(Path clang, String version) {
        this.clang = clang;
        this.version = version;
    }

    /**
     * Finds the clang that {@value #CLANG_VARIABLE} names, else the newest of clang-22 to clang-15 on the PATH, else a
     * {@code clang} that is new enough.
     *
     * @throws IOException if there is none, or it is too old
     */
    public static BpfCompiler find() throws IOException, InterruptedException {
        return find(System.getenv());
    }

    static BpfCompiler find(Map<String, String> environment) throws IOException, InterruptedException {
        String searchPath = environment.getOrDefault("PATH", "");
        String chosen = environment.getOrDefault(CLANG_VARIABLE, "");
        List<String> names = new ArrayList<>();
        if (!chosen.isEmpty()) {
            names.add(chosen);
        } else {
            for (int major = NEWEST; major >= OLDEST; major--) {
                names.add("clang-" + major);
            }
            names.add("clang");
        }
        for (String name : names) {
            for (String directory : name.contains("/") ? new String[] {""} : searchPath.split(File.pathSeparator, -1)) {
                Path candidate = Path.of(directory, name);
                if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                    return checked(candidate.toAbsolutePath());
                }
            }
        }
        throw new IOException(
                chosen.isEmpty()
                        ? "no clang of version " + OLDEST + " to " + NEWEST
                                + " on the PATH: install the package clang-19"
                        : CLANG_VARIABLE + " names " + chosen + ", which does not exist: set it to clang " + OLDEST
                                + " or newer, or unset it");
    }

    private static BpfCompiler checked(Path clang) throws IOException, InterruptedException {
        Run run = Run.of(List.of(clang.toString(), "--version"), Path.of("/"), VERSION_DEADLINE);
        Matcher version = VERSION.matcher(run.output());
        if (run.timedOut() || run.exitCode() != 0 || !version.find()) {
            throw new IOException(clang + " --version printed no version of clang: "
                    + run.output().lines().findFirst().orElse("no output"));
        }
        if (Integer.parseInt(version.group(2)) < OLDEST) {
            throw new IOException(
                    clang + " is version " + version.group(1) + ", which drops the tags that kptrs need: install "
                            + "the package clang-19, or set " + CLANG_VARIABLE + " to clang " + OLDEST + " or newer");
        }
        return new BpfCompiler(clang, version.group(1));
    }

    /**
     * Compiles a source file; warnings are errors.
     *
     * @param includeDirs folders to search, in this order, before /usr/include, which has libbpf's {@code <bpf/...>}
     * @param limit the time after which clang is killed
     * @return the bytes of the object file
     * @throws BpfCompileException if clang reports an error, or takes too long
     * @throws IOException if clang cannot be run
     */
    public byte[] compile(Path source, List<Path> includeDirs, Duration limit)
            throws IOException, InterruptedException {
        Path absolute = source.toAbsolutePath();
        Path object = Files.createTempFile("ksplat-bpf-", ".o");
        try {
            List<String> command = new ArrayList<>(List.of(clang.toString()));
            command.addAll(FLAGS);
            for (Path directory : includeDirs) {
                command.add("-I" + directory.toAbsolutePath());
            }
            command.addAll(List.of("-c", String.valueOf(absolute.getFileName()), "-o", object.toString()));
            Run run = Run.of(command, absolute.resolveSibling(""), limit);
            if (run.timedOut()) {
                throw BpfCompileException.timedOut(source, limit.toMillis() + " ms", run.output());
            }
            if (run.exitCode() != 0) {
                throw BpfCompileException.of(source, run.exitCode(), run.output());
            }
            return Files.readAllBytes(object);
        } finally {
            Files.deleteIfExists(object);
        }
    }

    /** Returns the path and the version of clang, in one line. */
    public String identity() {
        return clang + " " + version;
    }

    /**
     * Returns a digest of everything that decides the output of {@link #compile}: compiler, flags, the source, and each header that its
     * {@code #include} lines lead to, beside it, in the include directories or in /usr/include. Conditionals are not
     * evaluated: a header that is never compiled counts too. The folders of the files do not count.
     *
     * @return 64 hexadecimal digits
     */
    public String cacheKey(Path source, List<Path> includeDirs) throws IOException {
        List<Path> searched = new ArrayList<>(includeDirs);
        searched.add(Path.of("/usr/include"));
        return SourceDigest.of(identity() + "\n" + String.join(" ", FLAGS), source, searched);
    }

    private record Run(int exitCode, boolean timedOut, String output) {
        static Run of(List<String> command, Path directory, Duration limit) throws IOException, InterruptedException {
            // a file, not a pipe: clang never blocks on its output
            Path output = Files.createTempFile("ksplat-clang-", ".txt");
            try {
                Process process = new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .redirectInput(new File("/dev/null"))
                        .start();
                boolean ended = false;
                try {
                    ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                } finally {
                    if (!ended) {
                        process.descendants().forEach(ProcessHandle::destroyForcibly);
                        process.destroyForcibly();
                    }
                }
                String text = Files.readString(output, StandardCharsets.ISO_8859_1);
                return new Run(ended ? process.exitValue() : -1, !ended, text);
            } finally {
                Files.deleteIfExists(output);
            }
        }
    }
}
