// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import io.ksplat.bpf.internal.clang.ClangRun;
import io.ksplat.bpf.internal.clang.DriverPlan;
import io.ksplat.bpf.internal.clang.ObjectCache;
import io.ksplat.bpf.internal.clang.Places;
import io.ksplat.bpf.internal.clang.SourceDigest;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.internal.Digests;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

    private static final List<String> BASIC_FLAGS =
            List.of("-O2", "-g", "-target", "bpf", "-fdebug-compilation-dir=.", "-fno-color-diagnostics");

    // clang/lib/Driver: beside what the command shows, these change what is compiled
    private static final List<String> READ_VARIABLES =
            List.of("CPATH", "C_INCLUDE_PATH", "CCC_OVERRIDE_OPTIONS", "SOURCE_DATE_EPOCH");

    private static final long MOST_SCRIPT = 64 * 1024;

    private final Path clang;
    private final String version;
    private final List<String> flags;
    private final Map<String, String> environment;

    private BpfCompiler(Path clang, String version, List<String> flags, Map<String, String> environment) {
        this.clang = clang;
        this.version = version;
        this.flags = List.copyOf(flags);
        this.environment = Map.copyOf(environment);
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
                    return checked(candidate.toAbsolutePath(), environment);
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

    private static BpfCompiler checked(Path clang, Map<String, String> environment)
            throws IOException, InterruptedException {
        ClangRun run = ClangRun.of(List.of(clang.toString(), "--version"), Path.of("/"), environment, VERSION_DEADLINE);
        Matcher version = VERSION.matcher(run.output());
        // A busy host may not let it end in time; what it has printed is known then.
        boolean failed = !run.timedOut() && run.exitCode() != 0;
        if (failed || !version.find()) {
            throw new IOException(clang + " --version printed no version of clang"
                    + (run.timedOut() ? " in " + VERSION_DEADLINE.toSeconds() + " s: " : ": ")
                    + run.output().lines().findFirst().orElse("no output"));
        }
        if (Integer.parseInt(version.group(2)) < OLDEST) {
            throw new IOException(
                    clang + " is version " + version.group(1) + ", which drops the tags that kptrs need: install "
                            + "the package clang-19, or set " + CLANG_VARIABLE + " to clang " + OLDEST + " or newer");
        }
        return new BpfCompiler(clang, version.group(1), FLAGS, environment);
    }

    /**
     * Returns one for sources that were written for other flags: it knows only these, and what tells clang to make a BPF object with BTF.
     *
     * <pre>{@code
     * BpfCompiler lenient = BpfCompiler.find().with(List.of("-std=gnu11", "-w"));
     * }</pre>
     */
    public BpfCompiler with(List<String> others) {
        List<String> all = new ArrayList<>(BASIC_FLAGS);
        all.addAll(others);
        return new BpfCompiler(clang, version, all, environment);
    }

    /**
     * Compiles a source file; warnings are errors.
     *
     * @param includeDirs folders to search, in this order, before /usr/include, which has libbpf's {@code <bpf/...>}
     * @param limit the CPU time after which clang is killed, as after ten times that of the clock
     * @return the bytes of the object file
     * @throws BpfCompileException if clang reports an error, or takes too long
     * @throws IOException if clang cannot be run
     */
    public byte[] compile(Path source, List<Path> includeDirs, Duration limit)
            throws IOException, InterruptedException {
        return compiled(source, includeDirs, limit).object();
    }

    /**
     * Does the same, or returns the object that an earlier call has left in a cache. It is taken only if the compiler, its flags, its
     * environment and every file that it said it had read ({@code -MD}) are the same; the folders of the files do not count.
     */
    public byte[] compile(Path source, List<Path> includeDirs, Duration limit, Cache cache)
            throws IOException, InterruptedException {
        Places places = new Places(source, includeDirs);
        Optional<String> key = firstKey(source, includeDirs, places, limit);
        return key.isPresent()
                ? new ObjectCache(cache, key.get(), places).object(() -> compiled(source, includeDirs, limit))
                : compile(source, includeDirs, limit);
    }

    private List<String> command(List<Path> includeDirs) {
        List<String> command = new ArrayList<>(List.of(clang.toString()));
        command.addAll(flags);
        for (Path directory : includeDirs) {
            command.add("-I" + directory.toAbsolutePath());
        }
        return command;
    }

    private ObjectCache.Compiled compiled(Path source, List<Path> includeDirs, Duration limit)
            throws IOException, InterruptedException {
        Path absolute = source.toAbsolutePath();
        Path folder = absolute.resolveSibling("");
        Path object = Files.createTempFile("ksplat-bpf-", ".o");
        Path rule = Files.createTempFile("ksplat-bpf-", ".d");
        try {
            List<String> command = command(includeDirs);
            command.addAll(List.of("-MD", "-MT", "object", "-MF", rule.toString()));
            command.addAll(List.of("-c", String.valueOf(absolute.getFileName()), "-o", object.toString()));
            ClangRun run = ClangRun.of(command, folder, environment, limit);
            if (run.timedOut()) {
                throw BpfCompileException.timedOut(source, limit.toMillis() + " ms of CPU time", run.output());
            }
            if (run.exitCode() != 0) {
                throw BpfCompileException.of(source, run.exitCode(), run.output());
            }
            return new ObjectCache.Compiled(Files.readAllBytes(object), Files.readString(rule), folder);
        } finally {
            Files.deleteIfExists(object);
            Files.deleteIfExists(rule);
        }
    }

    /** Returns a digest of all that is known before clang runs; empty if clang does not say what it would do. */
    private Optional<String> firstKey(Path source, List<Path> includeDirs, Places places, Duration limit)
            throws IOException, InterruptedException {
        Path absolute = source.toAbsolutePath();
        List<String> command = command(includeDirs);
        command.addAll(List.of("-###", "-c", String.valueOf(absolute.getFileName()), "-o", "object"));
        ClangRun run = ClangRun.of(command, absolute.resolveSibling(""), environment, limit);
        if (run.timedOut() || run.exitCode() != 0) {
            return Optional.empty();
        }
        StringBuilder salt = new StringBuilder(identity());
        salt.append('\n').append(executable()).append('\n').append(String.join(" ", flags));
        for (String name : READ_VARIABLES) {
            salt.append('\n').append(name).append('=').append(variable(name));
        }
        salt.append('\n').append(places.named(run.output()));
        List<Path> searched = new ArrayList<>(includeDirs);
        new DriverPlan(run.output()).searched().forEach(folder -> searched.add(absolute.resolveSibling(folder)));
        // A header that is put before another one: the compiler has not read it yet.
        return Optional.of(SourceDigest.of(salt.toString(), source, searched));
    }

    private String variable(String name) {
        String own = environment.get(name);
        return own != null ? own : Objects.requireNonNullElse(System.getenv(name), "");
    }

    /** A wrapper is a short script: what it says counts. A compiler is a long file: a new one has another time or size. */
    private String executable() throws IOException {
        Path real = clang.toRealPath();
        return Files.size(real) <= MOST_SCRIPT
                ? Digests.sha256(real)
                : real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
    }

    /** Returns the path and the version of clang, in one line. */
    public String identity() {
        return clang + " " + version;
    }
}
