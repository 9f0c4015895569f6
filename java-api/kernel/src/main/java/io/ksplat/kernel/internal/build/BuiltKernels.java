// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.WholeFolder;
import io.ksplat.kernel.internal.debian.AptRoot;
import io.ksplat.kernel.internal.debian.DebianVersion;
import io.ksplat.kernel.internal.debian.PackageIndex;
import io.ksplat.kernel.internal.image.KernelFolder;
import io.ksplat.kernel.internal.packages.PackageFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Builds kernels and keeps them in the cache. The key covers source, configuration, compiler, linker and pahole. */
public final class BuiltKernels {
    public static final String KIND = "built";
    public static final String SOURCES = "source";
    public static final String OBJECTS = "build";
    public static final String TREES = "tree";
    private static final Duration UNPACKING = Duration.ofMinutes(20);

    /** A kernel's source has 150 MiB when packed. */
    private static final long MOST_PACKED = 4L << 30;

    private final Cache cache;
    private final AptRoot apt;
    private final Path profiles;
    private final List<Path> fragments;
    private final BuildTools tools;

    public BuiltKernels(Cache cache, AptRoot apt, Path profiles, List<Path> fragments, BuildTools tools) {
        this.cache = cache;
        this.apt = apt;
        this.profiles = profiles;
        this.fragments = fragments;
        this.tools = tools;
    }

    /** Builds a kernel from Debian's source, unless it is in the cache. */
    public Kernel resolve(KernelSpec.Source spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Profile profile = Profile.load(profiles, spec.profile(), fragments);
        String version = sourceVersion(spec, progress);
        String upstream = new DebianVersion(version).upstream();
        String key = key(upstream, profile, "package " + version);
        Optional<Path> built = cache.find(KIND, key);
        if (built.isPresent()) {
            return KernelFolder.load(built.get(), spec, key);
        }
        Path source = cache.<KernelException>entry(SOURCES, safe(version), fresh -> unpack(version, fresh, progress));
        String objects = objects(safe(version), profile);
        return cache.<Kernel, KernelException>locked(
                OBJECTS, objects, () -> build(spec, key, source, objects, profile, progress));
    }

    /** Builds a kernel from a tree, unless it is in the cache. */
    public Kernel resolve(KernelSpec.Tree spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Profile profile = Profile.load(profiles, spec.profile(), fragments);
        Path tree = Files.isDirectory(spec.path()) ? spec.path().toRealPath() : spec.path();
        String name = nameOf(tree);
        return cache.<Kernel, KernelException>locked(TREES, safe(name), () -> {
            Path folder = cache.root().resolve(TREES).resolve(safe(name));
            boolean isNew = !Files.exists(folder);
            Worktree copy = new Worktree(tree, folder);
            progress.step("checkout");
            progress.report("reading " + tree);
            String id;
            String version;
            try {
                id = copy.snapshot(spec.revision());
                version = copy.version(id);
            } catch (KernelException e) {
                if (isNew) {
                    WholeFolder.remove(folder);
                }
                throw e;
            }
            String key = key(version, profile, "tree " + id);
            Optional<Path> built = cache.find(KIND, key);
            if (built.isPresent()) {
                return KernelFolder.load(built.get(), spec, key);
            }
            copy.checkOut(id);
            cache.find(TREES, safe(name)); // marks it as used
            return build(spec, key, copy.source(), objects(safe(name), profile), profile, progress);
        });
    }

    /** Names a folder of objects. Remote tools get their own: programs that a build makes for itself may not run with other libraries. */
    private String objects(String source, Profile profile) throws IOException, InterruptedException, KernelException {
        String remote =
                tools.areRemote() ? "+" + Digests.sha256(tools.versions()).substring(0, 8) : "";
        return source + "+" + profile.name() + remote;
    }

    /** Returns the name of a tree in the cache. */
    static String nameOf(Path tree) {
        return String.valueOf(tree.getFileName()).replaceAll("[^A-Za-z0-9._-]", "_") + "-"
                + Digests.sha256(tree.toString()).substring(0, 8);
    }

    private Kernel build(KernelSpec spec, String key, Path source, String objects, Profile profile, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path folder = cache.<KernelException>entry(KIND, key, fresh -> {
            progress.step("build");
            Path log = cache.root().resolve("log").resolve(key + ".log");
            new KernelBuild(source, cache.root().resolve(OBJECTS).resolve(objects), profile, tools, progress)
                    .buildInto(fresh, log);
            KernelFolder.complete(fresh, source);
        });
        cache.find(OBJECTS, objects); // marks it as used
        return KernelFolder.load(folder, spec, key);
    }

    private String key(String version, Profile profile, String source)
            throws IOException, InterruptedException, KernelException {
        String exact = Digests.sha256(source + "\n" + profile.fragment(version) + "\n" + tools.versions());
        return version + "-" + profile.name() + "-" + exact.substring(0, 12);
    }

    /** Returns the newest package version that matches the spec; falls back on a cached source if the archive cannot be read. */
    private String sourceVersion(KernelSpec.Source spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<Duration> age = apt.age();
        if (age.isPresent() && age.get().compareTo(Duration.ofDays(1)) < 0) {
            Optional<PackageIndex.Deb> found = apt.index().flatMap(c -> c.newestSource(spec.version()));
            if (found.isPresent()) {
                return found.get().version().text();
            }
        }
        try {
            PackageIndex fresh = apt.update(Duration.ofMinutes(5), progress);
            Optional<PackageIndex.Deb> found = fresh.newestSource(spec.version());
            if (found.isPresent()) {
                return found.get().version().text();
            }
            throw new KernelException("no source package for '" + spec + "' in the archive: "
                    + fresh.describe(
                            spec.version(),
                            fresh.sources().stream()
                                    .map(PackageIndex.Deb::version)
                                    .toList()));
        } catch (KernelException e) {
            Optional<DebianVersion> cached = cachedSources().stream()
                    .filter(v -> v.satisfies(spec.version()))
                    .max(Comparator.naturalOrder());
            if (cached.isPresent()) {
                progress.report("using the cached source " + cached.get() + ": " + e.getMessage());
                return cached.get().text();
            }
            throw e;
        }
    }

    private List<DebianVersion> cachedSources() throws IOException {
        Path folder = cache.root().resolve(SOURCES);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(f -> f.getFileName().toString())
                    .filter(n -> !n.startsWith("."))
                    .map(n -> new DebianVersion(n.replace('=', ':')))
                    .toList();
        }
    }

    private void unpack(String version, Path folder, Progress progress)
            throws IOException, InterruptedException, KernelException {
        PackageIndex.Deb deb = apt.index().stream()
                .flatMap(c -> c.sources().stream())
                .filter(p -> p.version().text().equals(version))
                .findFirst()
                .orElseThrow(() -> new KernelException("the source " + version + " is no longer in the package lists"));
        Path download = Files.createTempDirectory(folder, ".deb-");
        Path file = apt.download(List.of(deb), download, progress).get(0);
        progress.report("unpacking " + deb.pinned());
        Path packed = download.resolve("source.tar.xz");
        PackageFile.read(file, (path, content) -> {
            if (path.matches("usr/src/linux-source-[^/]*\\.tar\\.xz")) {
                BoundedCopy.copy(content, packed, MOST_PACKED, path + " has");
            }
        });
        if (!Files.exists(packed)) {
            throw new KernelException(deb.pinned() + " contains no kernel source");
        }
        require(new Command(
                        UNPACKING,
                        List.of("tar", "-xJf", packed.toString(), "--strip-components=1", "-C", folder.toString()))
                .run(download));
        require(new Command(UNPACKING, List.of("rm", "-r", download.toString())).run(folder));
    }

    private static void require(Command.Outcome outcome) throws KernelException {
        if (!outcome.ok()) {
            throw new KernelException("cannot unpack the kernel's source: "
                    + (outcome.lines().isEmpty()
                            ? "exit code " + outcome.exit()
                            : outcome.lines().get(0)));
        }
    }

    private static String safe(String text) {
        return text.replace(':', '=');
    }
}
