// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.image.KernelFolder;
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

/** Prebuilt kernels of the distribution: looked up, fetched, kept. */
public final class DebianKernels {
    public static final String KIND = "debian";
    private static final Duration A_DAY = Duration.ofDays(1);
    /** A version that is not there may have come since the lists were read; but nobody types that fast. */
    private static final Duration A_MOMENT = Duration.ofMinutes(5);

    private final Cache cache;
    private final AptRoot apt;

    public DebianKernels(Cache cache, AptRoot apt) {
        this.cache = cache;
        this.apt = apt;
    }

    public Kernel resolve(KernelSpec.Debian spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<Kernel> known = remembered(spec);
        if (known.isPresent()) {
            return known.get();
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

    /** Two packages of one release differ in their version; most releases name it. */
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
        for (Path file : files) {
            new DebFile(file).kernelInto(folder);
            Files.delete(file);
        }
        Files.delete(debs);
        if (!Files.exists(folder.resolve("image"))) {
            throw new KernelException("the package " + kernel.image().pinned() + " has no kernel image in it");
        }
        KernelFolder.complete(folder, Path.of(kernel.image().name()));
        Files.writeString(folder.resolve("version"), kernel.version().text());
    }

    /** What is in the archive, read anew where the lists are old or do not have it. */
    private PackageIndex.Prebuilt lookUp(KernelSpec.Debian spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<Duration> age = apt.age();
        if (age.isPresent() && age.get().compareTo(A_DAY) < 0) {
            Optional<PackageIndex.Prebuilt> found =
                    apt.catalogue().flatMap(c -> c.newest(spec.version(), spec.flavour()));
            if (found.isPresent()) {
                return found.get();
            }
        }
        PackageIndex fresh = apt.update(A_MOMENT, progress);
        Optional<PackageIndex.Prebuilt> found = fresh.newest(spec.version(), spec.flavour());
        if (found.isPresent()) {
            return found.get();
        }
        List<PackageIndex.Prebuilt> all = fresh.prebuilt(spec.flavour());
        if (all.isEmpty()) {
            throw new KernelException("no kernel of the flavour '" + spec.flavour()
                    + "' in the archive; there are amd64, cloud-amd64 and rt-amd64");
        }
        throw new KernelException("no kernel '" + spec + "' in the archive: "
                + fresh.whatThereIs(
                        spec.version(),
                        all.stream().map(PackageIndex.Prebuilt::version).toList()));
    }

    private Path pointer(KernelSpec.Debian spec) {
        return cache.root().resolve(KIND).resolve(".is-" + spec.version() + "_" + spec.flavour());
    }

    /** What the spec meant the last time, if that was within a day. */
    private Optional<Kernel> remembered(KernelSpec.Debian spec) throws IOException, KernelException {
        Path pointer = pointer(spec);
        String key;
        try {
            Instant when = Files.getLastModifiedTime(pointer).toInstant();
            if (Duration.between(when, Instant.now()).compareTo(A_DAY) > 0) {
                return Optional.empty();
            }
            key = Files.readString(pointer);
        } catch (NoSuchFileException never) {
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
        record Kept(DebianVersion version, Cache.Entry entry) {}
        List<Kept> fitting = new ArrayList<>();
        for (Cache.Entry entry : cache.entries(KIND)) {
            DebianVersion version = new DebianVersion(
                    Files.readString(entry.folder().resolve("version")).strip());
            boolean flavour = entry.key().replaceFirst("_.*", "").matches(".*\\d-" + spec.flavour());
            if (flavour && version.satisfies(spec.version())) {
                fitting.add(new Kept(version, entry));
            }
        }
        Optional<Kept> newest = fitting.stream().max(Comparator.comparing(Kept::version));
        return newest.isPresent()
                ? Optional.of(KernelFolder.load(
                        newest.get().entry().folder(),
                        spec,
                        newest.get().entry().key()))
                : Optional.empty();
    }
}
