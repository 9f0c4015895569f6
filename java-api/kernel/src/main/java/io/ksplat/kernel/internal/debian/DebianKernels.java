// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.image.KernelFolder;
import io.ksplat.kernel.internal.packages.KernelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Finds and fetches prebuilt kernels of Debian, and keeps them in the cache. */
public final class DebianKernels {
    public static final String KIND = "debian";
    private static final Duration A_DAY = Duration.ofDays(1);
    /** A version that is missing from the lists may be newer than they are; the lists need not be fetched again within this time. */
    private static final Duration RECENT = Duration.ofMinutes(5);

    private final Cache cache;
    private final AptRoot apt;

    public DebianKernels(Cache cache, AptRoot apt) {
        this.cache = cache;
        this.apt = apt;
    }

    /**
     * Returns the kernel that a spec names; falls back on a cached one if the archive cannot be read.
     *
     * @throws KernelException if there is none
     */
    public Kernel resolve(KernelSpec.Debian spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<Kernel> recent = remembered(spec);
        if (recent.isPresent()) {
            return recent.get();
        }
        PackageIndex.Prebuilt found;
        try {
            found = lookUp(spec, progress);
        } catch (KernelException e) {
            Optional<Kernel> old = newestCached(spec);
            if (old.isPresent()) {
                progress.report("using the cached " + old.get().key() + ": " + e.getMessage());
                return old.get();
            }
            throw e;
        }
        String key = key(found);
        Path folder = cache.<KernelException>entry(KIND, key, fresh -> fetch(found, fresh, progress));
        remember(spec, key);
        return KernelFolder.load(folder, spec, key);
    }

    /** Names a kernel by its release, and by the package version if the release does not contain that: two packages may have one release. */
    private static String key(PackageIndex.Prebuilt kernel) {
        String upstream = kernel.version().upstream();
        return kernel.release().startsWith(upstream)
                ? kernel.release()
                : kernel.release() + "_" + kernel.version().text().replace(':', '=');
    }

    private void fetch(PackageIndex.Prebuilt kernel, Path folder, Progress progress)
            throws IOException, InterruptedException, KernelException {
        List<PackageIndex.Deb> packages = new ArrayList<>(List.of(kernel.image()));
        kernel.base().ifPresent(packages::add);
        Path debs = Files.createDirectory(folder.resolve("debs"));
        List<Path> files = apt.download(packages, debs, progress);
        progress.report("unpacking " + kernel.release());
        KernelFiles unpacked = new KernelFiles(folder);
        for (Path file : files) {
            unpacked.take(file);
            Files.delete(file);
        }
        Files.delete(debs);
        if (!unpacked.isWhole()) {
            throw new KernelException("the package " + kernel.image().pinned() + " contains no kernel image");
        }
        KernelFolder.complete(folder, Path.of(kernel.image().name()));
        Files.writeString(folder.resolve("version"), kernel.version().text());
    }

    /** Finds the kernel in the package lists; fetches them again if they are old or do not have it. */
    private PackageIndex.Prebuilt lookUp(KernelSpec.Debian spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<Duration> age = apt.age();
        if (age.isPresent() && age.get().compareTo(A_DAY) < 0) {
            Optional<PackageIndex.Prebuilt> found = apt.index().flatMap(c -> c.newest(spec.version(), spec.flavour()));
            if (found.isPresent()) {
                return found.get();
            }
        }
        PackageIndex fresh = apt.update(RECENT, progress);
        Optional<PackageIndex.Prebuilt> found = fresh.newest(spec.version(), spec.flavour());
        if (found.isPresent()) {
            return found.get();
        }
        List<PackageIndex.Prebuilt> all = fresh.prebuilt(spec.flavour());
        if (all.isEmpty()) {
            throw new KernelException("the archive has no kernel of the flavour '" + spec.flavour()
                    + "'; it has amd64, cloud-amd64 and rt-amd64");
        }
        throw new KernelException("no kernel '" + spec + "' in the archive: "
                + fresh.describe(
                        spec.version(),
                        all.stream().map(PackageIndex.Prebuilt::version).toList()));
    }

    private Path pointer(KernelSpec.Debian spec) {
        return cache.root().resolve(KIND).resolve(".is-" + spec.version() + "_" + spec.flavour());
    }

    /** Returns the kernel that the spec was resolved to within the last day. */
    private Optional<Kernel> remembered(KernelSpec.Debian spec) throws IOException, KernelException {
        Path pointer = pointer(spec);
        String key;
        try {
            Instant resolved = Files.getLastModifiedTime(pointer).toInstant();
            if (Duration.between(resolved, Instant.now()).compareTo(A_DAY) > 0) {
                return Optional.empty();
            }
            key = Files.readString(pointer);
        } catch (NoSuchFileException unknown) {
            return Optional.empty();
        }
        Optional<Path> folder = cache.find(KIND, key);
        return folder.isPresent() ? Optional.of(KernelFolder.load(folder.get(), spec, key)) : Optional.empty();
    }

    private void remember(KernelSpec.Debian spec, String key) throws IOException {
        Path fresh = Files.createTempFile(cache.root().resolve(KIND), ".is-", ".new");
        Files.writeString(fresh, key);
        Files.move(fresh, pointer(spec), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Optional<Kernel> newestCached(KernelSpec.Debian spec) throws IOException, KernelException {
        record Cached(DebianVersion version, Cache.Entry entry) {}
        List<Cached> matching = new ArrayList<>();
        for (Cache.Entry entry : cache.entries(KIND)) {
            DebianVersion version = new DebianVersion(
                    Files.readString(entry.folder().resolve("version")).strip());
            boolean flavour = entry.key().replaceFirst("_.*", "").matches(".*\\d-" + spec.flavour());
            if (flavour && version.satisfies(spec.version())) {
                matching.add(new Cached(version, entry));
            }
        }
        Optional<Cached> newest = matching.stream().max(Comparator.comparing(Cached::version));
        return newest.isPresent()
                ? Optional.of(KernelFolder.load(
                        newest.get().entry().folder(),
                        spec,
                        newest.get().entry().key()))
                : Optional.empty();
    }
}
