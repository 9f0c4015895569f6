// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.kernel.Cache;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compiles a selftest as it is: with the headers of the tree that it lies in, those of a current libbpf, and a vmlinux.h that declares
 * the kernel's kfuncs. Warnings of other people's files are no errors.
 */
final class SelftestCompiler {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** Names the folder of the agent's libbpf, for scripts/libbpf. */
    private static final String LIBBPF_VARIABLE = "KSPLAT_LIBBPF";

    /** Of the cache's entry; another one if the header changes. */
    private static final String HEADER_FORMAT = "kfuncs-2";

    private static final int MOST_DIGITS = 8;

    // tools/testing/selftests/bpf/Makefile, BPF_CFLAGS
    private static final List<String> FLAGS = List.of(
            "-mcpu=v3",
            "-std=gnu11",
            "-D__TARGET_ARCH_x86",
            "-DENABLE_ATOMICS_TESTS",
            "-mlittle-endian",
            "-fno-strict-aliasing",
            "-fms-extensions",
            "-Wno-everything",
            // What the kernel lacks would be an extern that libbpf does not understand.
            "-Werror=implicit-function-declaration");

    private SelftestCompiler() {}

    /**
     * Compiles it for a kernel, or finds the object in the cache.
     *
     * @throws io.ksplat.bpf.BpfCompileException where clang refuses it
     */
    static byte[] compile(Path source, KernelInfo kernel, Cache cache) throws IOException, InterruptedException {
        List<String> flags = new ArrayList<>(FLAGS);
        for (String folder : List.of("/usr/local/include", "/usr/include/x86_64-linux-gnu", "/usr/include")) {
            flags.add("-idirafter");
            flags.add(folder);
        }
        return BpfCompiler.find().with(flags).compile(source, includes(source, kernel, cache), LIMIT, cache);
    }

    private static List<Path> includes(Path source, KernelInfo kernel, Cache cache)
            throws IOException, InterruptedException {
        List<Path> folders = new ArrayList<>();
        folders.add(header(kernel, cache));
        libbpf(cache).ifPresent(folders::add);
        Path own = source.toAbsolutePath().normalize().resolveSibling("");
        folders.add(own);
        Optional<Path> selftests = tree(own);
        if (selftests.isPresent()) {
            Path tools = selftests.get().resolve("../../..").normalize();
            Stream.of(
                            selftests.get(),
                            tools.resolve("include/uapi"),
                            tools.resolve("include"),
                            selftests.get().resolve("libarena/include"))
                    .filter(Files::isDirectory)
                    .forEach(folders::add);
        }
        return folders;
    }

    /** Returns the folder of the selftests that a file lies in. */
    static Optional<Path> selftests(Path source) {
        return tree(source.toAbsolutePath().normalize().resolveSibling(""));
    }

    /** Returns the folder of the selftests that another one lies in: {@code tools/testing/selftests/bpf}. */
    private static Optional<Path> tree(Path folder) {
        for (Path up = folder; up != null; up = up.getParent()) {
            if (Files.isRegularFile(up.resolve("progs/bpf_misc.h"))) {
                return Optional.of(up);
            }
        }
        return Optional.empty();
    }

    private static Path header(KernelInfo kernel, Cache cache) throws IOException, InterruptedException {
        return cache.<IOException>entry(
                "vmlinux",
                kernel.kernel().key() + "-" + HEADER_FORMAT,
                fresh -> kernel.btf().writeVmlinuxHeaderWithKfuncs(fresh.resolve("vmlinux.h")));
    }

    /** Returns the headers of the libbpf that the agent was built with: those of the distribution may be years older. */
    private static Optional<Path> libbpf(Cache cache) throws IOException {
        String named = System.getenv(LIBBPF_VARIABLE);
        if (named != null && !named.isEmpty()) {
            return Optional.of(Path.of(named, "include"));
        }
        Path all = cache.root().resolve("libbpf");
        if (!Files.isDirectory(all)) {
            return Optional.empty();
        }
        try (Stream<Path> built = Files.list(all)) {
            return built.filter(folder -> Files.isRegularFile(folder.resolve("include/bpf/bpf_helpers.h")))
                    .max(Comparator.comparing(SelftestCompiler::version))
                    .map(folder -> folder.resolve("include"));
        }
    }

    private static String version(Path folder) {
        StringBuilder sortable = new StringBuilder();
        for (String number : String.valueOf(folder.getFileName()).split("[^0-9]+", -1)) {
            sortable.append("0".repeat(Math.max(0, MOST_DIGITS - number.length())))
                    .append(number)
                    .append('.');
        }
        return sortable.toString();
    }
}
