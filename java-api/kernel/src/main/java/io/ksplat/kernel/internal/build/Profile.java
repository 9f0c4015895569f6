// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelRange;
import io.ksplat.kernel.internal.image.KernelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A configuration to build kernels with: lines of config fragments (format: vm-images/README.md) on top of allnoconfig. */
public record Profile(String name, List<Line> lines) {
    private static final Pattern SET = Pattern.compile("CONFIG_(\\w+)=(.+)");
    private static final Pattern NOT_SET = Pattern.compile("# CONFIG_(\\w+) is not set");
    private static final Pattern EXTENDS = Pattern.compile("# ksplat: extends (\\S+)");
    private static final Pattern KERNELS = Pattern.compile("# ksplat: kernels (.+)");

    /** An option with its value, its place in a file, and the kernels that have it. */
    record Line(String option, String value, Path file, int number, Optional<KernelRange> kernels) {
        boolean appliesTo(String version) {
            return kernels.isEmpty() || kernels.get().contains(version);
        }

        String place() {
            return file.getFileName() + ":" + number;
        }
    }

    /**
     * Reads the fragments of a profile.
     *
     * @param profiles the folder with a folder for each profile
     * @param own fragments of the user, which override the profile
     */
    static Profile load(Path profiles, String name, List<Path> own) throws IOException, KernelException {
        List<Line> lines = new ArrayList<>();
        folder(profiles, name, 0, lines);
        for (Path file : own) {
            fragment(profiles, file, 0, lines);
        }
        return new Profile(name, List.copyOf(lines));
    }

    /**
     * Reads the lines of a fragment.
     *
     * @throws KernelException if there is no such file
     */
    public static List<String> read(Path fragment) throws IOException, KernelException {
        if (!Files.isRegularFile(fragment)) {
            throw new KernelException("no config fragment at " + fragment);
        }
        return Files.readAllLines(fragment);
    }

    /** Lists the profiles in a folder. */
    public static List<String> names(Path profiles) throws IOException {
        try (Stream<Path> folders = Files.list(profiles)) {
            return folders.filter(Files::isDirectory)
                    .map(f -> f.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private static void folder(Path profiles, String name, int depth, List<Line> lines)
            throws IOException, KernelException {
        Path folder = profiles.resolve(name);
        if (!Files.isDirectory(folder)) {
            throw new KernelException("no profile '" + name + "'; there are " + String.join(", ", names(profiles)));
        }
        if (depth > 8) {
            throw new KernelException("the profile '" + name + "' extends itself");
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".config")).sorted().toList()) {
                fragment(profiles, file, depth, lines);
            }
        }
    }

    private static void fragment(Path profiles, Path file, int depth, List<Line> lines)
            throws IOException, KernelException {
        Optional<KernelRange> range = Optional.empty();
        int number = 0;
        for (String line : read(file)) {
            number++;
            Matcher set = SET.matcher(line.strip());
            Matcher notSet = NOT_SET.matcher(line.strip());
            Matcher extended = EXTENDS.matcher(line.strip());
            Matcher kernels = KERNELS.matcher(line.strip());
            if (set.matches()) {
                lines.add(new Line(set.group(1), set.group(2), file, number, range));
                range = Optional.empty();
            } else if (notSet.matches()) {
                lines.add(new Line(notSet.group(1), "n", file, number, range));
                range = Optional.empty();
            } else if (extended.matches()) {
                folder(profiles, extended.group(1), depth + 1, lines);
            } else if (kernels.matches()) {
                range = Optional.of(KernelRange.parse(kernels.group(1)));
            } else if (!line.isBlank() && (!line.startsWith("#") || line.startsWith("# ksplat:"))) {
                throw new KernelException(file + ":" + number + ": '" + line + "' is not a line of a config fragment");
            }
        }
    }

    /** Returns the last line of each option that kernels of this version have. */
    private Map<String, Line> wanted(String version) {
        Map<String, Line> last = new LinkedHashMap<>();
        lines.stream().filter(l -> l.appliesTo(version)).forEach(l -> last.put(l.option(), l));
        return last;
    }

    /** Merges all fragments into one, for a kernel of this version. */
    String fragment(String version) {
        return wanted(version).values().stream()
                .map(l -> "CONFIG_" + l.option() + "=" + l.value() + "\n")
                .collect(Collectors.joining());
    }

    /** Returns the lines that the tree's Kconfig dropped. */
    List<Line> dropped(String version, KernelConfig result) {
        return wanted(version).values().stream()
                .filter(l -> !l.value().equals(result.values().getOrDefault(l.option(), "n")))
                .toList();
    }
}
