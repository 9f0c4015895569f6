// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.image.KernelConfig;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Builds a kernel out of tree. Keeps the folder of objects, so that the next build of a changed source is short. */
final class KernelBuild {
    private static final Duration CONFIGURING = Duration.ofMinutes(10);
    private static final Duration MODULES = Duration.ofMinutes(20);
    private static final Duration BUILDING = Duration.ofHours(4);
    private static final Pattern OBJECT = Pattern.compile("\\s+(?:CC|AS)\\s+\\S+\\.o");
    private static final Pattern COMPILER = Pattern.compile("(\\S+\\.[chS]:\\d+)(?::\\d+)?: (?:fatal )?error: (.*)");
    private static final Pattern OTHER = Pattern.compile(
            ".*(?:undefined reference to .*|: not found|No such file or directory|No space left on device)");
    private static final Pattern MAKE = Pattern.compile("make(?:\\[\\d+])?: \\*\\*\\* .*");
    private static final String COUNT = "ksplat.objects";

    private final Path source;
    private final Path objects;
    private final Profile profile;
    private final BuildTools tools;
    private final Progress progress;

    KernelBuild(Path source, Path objects, Profile profile, BuildTools tools, Progress progress) {
        this.source = source;
        this.objects = objects;
        this.profile = profile;
        this.tools = tools;
        this.progress = progress;
    }

    /** Returns the version in a tree's Makefile, for example {@code 7.3.4} or {@code 7.4.0-rc2}; empty if it is not a kernel's. */
    static Optional<String> version(List<String> makefile) {
        Map<String, String> parts = makefile.stream()
                .limit(10)
                .map(l -> l.split("\\s*=\\s*", 2))
                .filter(p -> p.length == 2)
                .collect(Collectors.toMap(p -> p[0], p -> p[1].strip(), (first, again) -> first));
        if (!parts.containsKey("VERSION") || !parts.containsKey("PATCHLEVEL")) {
            return Optional.empty();
        }
        return Optional.of(parts.get("VERSION") + "." + parts.get("PATCHLEVEL") + "."
                + parts.getOrDefault("SUBLEVEL", "0") + parts.getOrDefault("EXTRAVERSION", ""));
    }

    /** Builds the kernel, and copies {@code image}, {@code config} and {@code debug} to a folder. */
    void buildInto(Path result, Path log) throws IOException, InterruptedException, KernelException {
        Path makefile = source.resolve("Makefile");
        String version = version(Files.readAllLines(makefile))
                .orElseThrow(() -> new KernelException(makefile + " has no VERSION and PATCHLEVEL of a kernel"));
        Files.createDirectories(objects);
        Files.createDirectories(log.getParent());
        configure(version, log);
        // A tree that was built before is only updated: only make knows how much that is.
        boolean complete = !Files.exists(objects.resolve("vmlinux"));
        long built = make(log, complete ? expected() : 0);
        Files.copy(objects.resolve("arch/x86/boot/bzImage"), result.resolve("image"));
        Files.copy(objects.resolve(".config"), result.resolve("config"));
        Files.copy(objects.resolve("vmlinux"), result.resolve("debug"));
        testModules(result, log);
        if (complete) {
            Files.writeString(objects.resolve(COUNT), Long.toString(built));
        }
    }

    /** What is wrong with them is no fault of the kernel's. */
    private void testModules(Path result, Path log) throws IOException, InterruptedException, KernelException {
        KernelConfig config = KernelConfig.parse(Files.readString(objects.resolve(".config")));
        Optional<Path> sources = TestModules.sources(source.resolve(TestModules.SELFTESTS));
        if (!config.builtIn("MODULES") || !config.builtIn("DEBUG_INFO_BTF_MODULES") || sources.isEmpty()) {
            return;
        }
        progress.report("building the test modules of the BPF selftests");
        Path to = Files.createDirectories(result.resolve(TestModules.FOLDER));
        Path folder = TestModules.copy(sources.get(), objects.resolve("ksplat-" + TestModules.FOLDER));
        for (List<String> command : List.of(command("-s", "modules"), command("-s", "M=" + folder, "modules"))) {
            Command.Outcome outcome = tools.run(MODULES, source, objects, environment(), command, line -> {});
            Files.write(log, outcome.lines(), StandardOpenOption.APPEND);
            if (!outcome.ok()) {
                Files.writeString(to.resolve(TestModules.FAILURE), firstError(outcome.lines()) + "\n");
                return;
            }
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(one -> one.toString().endsWith(".ko")).sorted().toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private void configure(String version, Path log) throws IOException, InterruptedException, KernelException {
        progress.report("configuring " + version + " with the profile " + profile.name());
        Path fragment = objects.resolve("ksplat.fragment");
        Files.writeString(fragment, profile.fragment(version));
        Map<String, String> environment = new HashMap<>(environment());
        environment.put("KCONFIG_ALLCONFIG", fragment.toString());
        Command.Outcome outcome =
                tools.run(CONFIGURING, source, objects, environment, command("-s", "allnoconfig"), line -> {});
        Files.write(log, outcome.lines());
        if (!outcome.ok()) {
            throw failure(outcome.lines(), log);
        }
        KernelConfig config = KernelConfig.parse(Files.readString(objects.resolve(".config")));
        List<Profile.Line> dropped = profile.dropped(version, config);
        if (!dropped.isEmpty()) {
            throw new BuildFailedException(
                    "the Kconfig of " + version + " drops "
                            + dropped.stream()
                                    .map(l -> "CONFIG_" + l.option() + "=" + l.value() + " (" + l.place() + ")")
                                    .collect(Collectors.joining(", "))
                            + ": the option does not exist there, or a dependency is missing; "
                            + "`# ksplat: kernels [FROM,TO)` before a line limits it to the kernels that have it",
                    log);
        }
    }

    /** Runs make; returns the number of objects that it built. */
    private long make(Path log, long expected) throws IOException, InterruptedException, KernelException {
        long start = System.nanoTime();
        long[] done = {0};
        Command.Outcome outcome;
        try (BufferedWriter out = Files.newBufferedWriter(log, StandardOpenOption.APPEND)) {
            String jobs = "-j" + Runtime.getRuntime().availableProcessors();
            List<String> command = command(jobs, "vmlinux", "bzImage");
            outcome = tools.run(BUILDING, source, objects, environment(), command, line -> {
                try {
                    out.write(line);
                    out.newLine();
                } catch (IOException e) {
                    throw new UncheckedIOException("cannot write " + log, e);
                }
                if (OBJECT.matcher(line).matches()) {
                    done[0]++;
                    report(done[0], expected, Duration.ofNanos(System.nanoTime() - start));
                }
            });
        }
        if (!outcome.ok()) {
            throw failure(outcome.lines(), log);
        }
        return done[0];
    }

    private void report(long done, long expected, Duration spent) {
        if (expected == 0 || done > expected) {
            progress.report(String.format(Locale.ROOT, "building with %s: %d objects", profile.name(), done));
            return;
        }
        double left = spent.toSeconds() * (expected - done) / (double) done;
        progress.report(
                String.format(
                        Locale.ROOT,
                        "building with %s: %d of about %d objects, %.0f min left",
                        profile.name(),
                        done,
                        expected,
                        Math.ceil(left / 60)),
                done / (double) expected);
    }

    /** Returns the number of objects of the last whole build, else that of 7.3 with these profiles. */
    private long expected() throws IOException {
        Path count = objects.resolve(COUNT);
        return Files.exists(count) ? Long.parseLong(Files.readString(count).strip()) : 1350;
    }

    private List<String> command(String... targets) throws IOException, InterruptedException, KernelException {
        String ccache = tools.haveCcache() ? "ccache " : "";
        List<String> command = new ArrayList<>(List.of(
                "nice",
                "-n10",
                "make",
                "-C",
                source.toString(),
                "O=" + objects,
                "LOCALVERSION=-" + profile.name(),
                "CC=" + ccache + "gcc",
                "HOSTCC=" + ccache + "gcc"));
        command.addAll(List.of(targets));
        return command;
    }

    /** Makes builds reproducible: the same source gives the same bytes. It also lets ccache hit on init/version.c. */
    private static Map<String, String> environment() {
        return Map.of(
                "KBUILD_BUILD_TIMESTAMP", "@0",
                "KBUILD_BUILD_USER", "ksplat",
                "KBUILD_BUILD_HOST", "ksplat",
                "KBUILD_BUILD_VERSION", "1");
    }

    private BuildFailedException failure(List<String> lines, Path log) {
        return new BuildFailedException(
                "the kernel does not build: " + firstError(lines).replace(source + "/", "") + " (log: " + log + ")",
                log);
    }

    /** Returns the first error of the compiler with its file and line, else the first line that names another cause. */
    static String firstError(List<String> lines) {
        for (Pattern pattern : List.of(COMPILER, OTHER, MAKE)) {
            Optional<String> first = lines.stream()
                    .map(pattern::matcher)
                    .filter(Matcher::matches)
                    .map(m -> m.groupCount() == 2 ? m.group(1) + ": " + m.group(2) : m.group())
                    .findFirst();
            if (first.isPresent()) {
                return first.get().replaceFirst("^(?:\\.\\./)+", "");
            }
        }
        return lines.isEmpty() ? "make printed nothing" : lines.get(lines.size() - 1);
    }
}
