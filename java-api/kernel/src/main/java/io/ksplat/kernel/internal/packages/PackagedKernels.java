// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.image.KernelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Unpacks kernels that the user has as packages, and keeps them in the cache. */
public final class PackagedKernels {
    public static final String KIND = "package";

    private static final String NAMES = ".+\\.(?:deb|rpm|pkg\\.tar(?:\\.\\w+)?)";

    /** A distribution splits a kernel into a few: a folder with more of them is a mirror. */
    private static final int MOST_PACKAGES = 32;

    private final Cache cache;

    public PackagedKernels(Cache cache) {
        this.cache = cache;
    }

    /** Returns the kernel of a package, or of the packages in a folder. Its key ends with a digest of them. */
    public Kernel resolve(KernelSpec.Packaged spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        List<Path> files = packages(spec.path());
        progress.report("reading " + spec.path());
        String digest = digest(files);
        Optional<String> known = cache.keys(KIND).stream()
                .filter(key -> key.endsWith("-" + digest))
                .findFirst();
        Optional<Path> there = known.isPresent() ? cache.find(KIND, known.get()) : Optional.empty();
        Path folder = there.isPresent()
                ? there.get()
                : cache.<KernelException>entryNamed(
                        KIND, digest, fresh -> unpack(spec.path(), files, fresh, progress) + "-" + digest);
        return KernelFolder.load(folder, spec, folder.getFileName().toString());
    }

    /** Returns the packages of a kernel. */
    public static List<Path> packages(Path path) throws IOException, KernelException {
        if (!Files.isDirectory(path)) {
            if (!Files.isRegularFile(path)) {
                throw new KernelException("no package at " + path);
            }
            return List.of(path);
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(path)) {
            files = all.filter(file -> file.getFileName().toString().matches(NAMES) && Files.isRegularFile(file))
                    .sorted()
                    .limit(MOST_PACKAGES + 1L)
                    .toList();
        }
        if (files.isEmpty()) {
            throw new KernelException("no package in " + path + ": none ends with .deb, .rpm or .pkg.tar.*");
        }
        if (files.size() > MOST_PACKAGES) {
            throw new KernelException(
                    "more than " + MOST_PACKAGES + " packages in " + path + ": give a folder with those of one kernel");
        }
        return files;
    }

    private static String digest(List<Path> files) throws IOException {
        StringBuilder all = new StringBuilder();
        for (Path file : files) {
            all.append(Digests.sha256(file)).append('\n');
        }
        return Digests.sha256(all.toString()).substring(0, 12);
    }

    private static String unpack(Path from, List<Path> files, Path folder, Progress progress)
            throws IOException, InterruptedException, KernelException {
        KernelFiles kernel = new KernelFiles(folder);
        for (Path file : files) {
            progress.report("unpacking " + file);
            kernel.take(file);
        }
        if (!kernel.isWhole()) {
            throw new KernelException("no kernel image in " + from
                    + (files.size() == 1
                            ? ": if the distribution splits its kernels, give a folder with all packages of this one"
                            : ""));
        }
        return KernelFolder.complete(folder, from.toAbsolutePath());
    }
}
