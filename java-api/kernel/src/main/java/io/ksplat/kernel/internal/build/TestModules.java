// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The modules that the kernel's own BPF selftests bring along, such as bpf_testmod. No distribution has them; a kernel that is built with
 * loadable modules gets them from its tree.
 */
public final class TestModules {
    /** Where trees have them: since 6.14, and before. */
    private static final List<String> FOLDERS = List.of("test_kmods", "bpf_testmod");

    static final String SELFTESTS = "tools/testing/selftests/bpf";

    /** Beside the kernel's image. */
    static final String FOLDER = "test-modules";

    /** In the folder, in the place of the modules: why there are none. */
    static final String FAILURE = "failure";

    private static final String SUFFIX = ".ko";

    private TestModules() {}

    /**
     * One of them.
     *
     * @param functions that it defines, kfuncs and others
     */
    public record TestModule(String name, Path file, Set<String> functions) {
        public TestModule {
            functions = Set.copyOf(functions);
        }
    }

    /** Returns those that a kernel was built with, by their names. */
    public static List<TestModule> of(Kernel kernel) throws IOException {
        Path folder = folder(kernel);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        Map<String, TestModule> found = new LinkedHashMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(one -> one.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList()) {
                String name = String.valueOf(file.getFileName()).replace(SUFFIX, "");
                found.put(name, new TestModule(name, file, functions(file)));
            }
        }
        return List.copyOf(found.values());
    }

    /** Returns why a kernel that was to have them has none, in one line; empty if nothing was tried, or it went well. */
    public static Optional<String> failure(Kernel kernel) throws IOException {
        Path file = folder(kernel).resolve(FAILURE);
        return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
    }

    private static Path folder(Kernel kernel) {
        return kernel.image().resolveSibling(FOLDER);
    }

    private static Set<String> functions(Path file) throws IOException {
        Set<String> functions = new TreeSet<>();
        Optional<Elf> elf = Elf.of(Files.readAllBytes(file));
        for (Elf.Symbol symbol : elf.isPresent() ? elf.get().symbols() : List.<Elf.Symbol>of()) {
            if (symbol.section().isPresent() && !symbol.name().isEmpty()) {
                functions.add(symbol.name());
            }
        }
        return functions;
    }

    /** Returns the folder of their sources in a folder of BPF selftests; empty: it has none. */
    public static Optional<Path> sources(Path selftests) {
        return FOLDERS.stream()
                .map(selftests::resolve)
                .filter(folder -> Files.isRegularFile(folder.resolve("Makefile")))
                .findFirst();
    }

    /**
     * Copies their sources, and the headers beside that folder, which they may include.
     *
     * @return the folder to build
     */
    static Path copy(Path sources, Path to) throws IOException {
        Path copy = to.resolve(String.valueOf(sources.getFileName()));
        copyFiles(sources, copy, "[ch]|Makefile");
        copyFiles(sources.resolveSibling(""), to, "h");
        return copy;
    }

    private static void copyFiles(Path from, Path to, String endings) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = String.valueOf(file.getFileName());
                if (name.matches("(?:.*\\.)?(?:" + endings + ")")) {
                    Path target = to.resolve(name);
                    // make(1) goes by times: what is the same stays as it is.
                    if (!Files.exists(target) || Files.mismatch(file, target) >= 0) {
                        Files.write(target, Files.readAllBytes(file));
                    }
                }
            }
        }
    }
}
