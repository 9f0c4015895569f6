// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.CacheFailure;
import io.ksplat.kernel.internal.Digests;
import io.ksplat.kernel.internal.build.BuildTools;
import io.ksplat.kernel.internal.build.BuiltKernels;
import io.ksplat.kernel.internal.build.Profile;
import io.ksplat.kernel.internal.debian.AptRoot;
import io.ksplat.kernel.internal.debian.DebianKernels;
import io.ksplat.kernel.internal.debian.PackageIndex;
import io.ksplat.kernel.internal.image.KernelFolder;
import io.ksplat.kernel.internal.image.KernelImage;
import io.ksplat.kernel.internal.packages.PackagedKernels;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Fetches, builds or finds the kernel that a spec names, and keeps it in the cache. Any number of threads and processes may do that at
 * once.
 *
 * <pre>{@code
 * io.ksplat.kernel.Kernels kernels = new io.ksplat.kernel.Kernels(Cache.standard());
 * Kernel kernel = kernels.resolve(KernelSpec.parse("debian:7.2"), Progress.NONE);
 * System.out.println(kernel.release() + ", key " + kernel.key() + ", " + kernel.bootImage());
 * }</pre>
 */
public final class Kernels {
    private static final String IMAGES = "image";
    private static final List<String> KINDS = List.of(
            DebianKernels.KIND,
            IMAGES,
            PackagedKernels.KIND,
            BuiltKernels.KIND,
            BuiltKernels.SOURCES,
            BuiltKernels.OBJECTS,
            BuiltKernels.TREES);

    private final Cache cache;
    private final Path etcApt;
    private final List<String> aptOptions;
    private final List<Path> fragments;
    private final AptRoot apt;
    private final BuildTools tools;

    /** Keeps kernels in a cache, and takes Debian's from the archives that this machine's apt is configured for. */
    public Kernels(Cache cache) {
        this(cache, Path.of("/etc/apt"), List.of(), List.of(), BuildTools.chosen());
    }

    /** Returns the same, but kernels are built with config fragments of the user on top of their profile. */
    public Kernels withFragments(List<Path> files) {
        return new Kernels(cache, etcApt, aptOptions, files, tools);
    }

    /** @param aptOptions settings of apt.conf(5) on top of this machine's, {@code NAME=VALUE} */
    Kernels(Cache cache, Path etcApt, List<String> aptOptions, List<Path> fragments, BuildTools tools) {
        this.cache = cache;
        this.etcApt = etcApt;
        this.aptOptions = List.copyOf(aptOptions);
        this.fragments = List.copyOf(fragments);
        this.apt = new AptRoot(cache, etcApt, aptOptions);
        this.tools = tools;
    }

    /**
     * A kernel that can be fetched.
     *
     * @param suite the suite of the archive that has it
     * @param bytes the size of the download
     */
    public record Available(KernelSpec spec, String release, String suite, long bytes) {}

    /**
     * Returns the kernel that a spec names; fetches or builds it if it is not in the cache.
     *
     * @throws KernelException if it could not be fetched or built; the message is one line for the user
     */
    public Kernel resolve(KernelSpec spec, Progress progress) throws KernelException, InterruptedException {
        try {
            if (spec instanceof KernelSpec.Debian debian) {
                return new DebianKernels(cache, apt).resolve(debian, progress);
            } else if (spec instanceof KernelSpec.Image image) {
                return image(image, progress);
            } else if (spec instanceof KernelSpec.Packaged packaged) {
                return new PackagedKernels(cache).resolve(packaged, progress);
            }
            if (spec instanceof KernelSpec.Running running) {
                throw new KernelException(
                        spec + " is the kernel of a real machine: name that with --on " + running.machine());
            }
            BuiltKernels built = new BuiltKernels(cache, apt, profiles(), fragments, tools);
            return spec instanceof KernelSpec.Source source
                    ? built.resolve(source, progress)
                    : built.resolve((KernelSpec.Tree) spec, progress);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot keep " + spec, e);
        }
    }

    private Kernel image(KernelSpec.Image spec, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path file = spec.path();
        String release = KernelImage.open(file).release();
        String key = release + "-" + Digests.sha256(file).substring(0, 12);
        Path folder = cache.<KernelException>entry(IMAGES, key, fresh -> {
            progress.report("reading " + file);
            Files.copy(file, fresh.resolve("image"));
            Optional<Path> config = configBeside(file);
            if (config.isPresent()) {
                Files.copy(config.get(), fresh.resolve("config"));
            }
            KernelFolder.complete(fresh, file.toAbsolutePath());
        });
        return KernelFolder.load(folder, spec, key);
    }

    /** Finds a configuration where distributions put it: {@code config-X} beside {@code vmlinuz-X}, {@code config} beside {@code vmlinuz}. */
    private static Optional<Path> configBeside(Path image) {
        String name = image.getFileName().toString();
        if (!name.startsWith("vmlinuz")) {
            return Optional.empty();
        }
        Path config = image.resolveSibling("config" + name.substring("vmlinuz".length()));
        return Files.isRegularFile(config) ? Optional.of(config) : Optional.empty();
    }

    /** Lists the prebuilt kernels of the archive, the newest first. The package lists are at most a day old. */
    public List<Available> available(Progress progress) throws KernelException, InterruptedException {
        try {
            PackageIndex index = apt.update(Duration.ofDays(1), progress);
            return index.prebuilt(KernelSpec.Debian.CLOUD).stream()
                    .map(k -> new Available(
                            new KernelSpec.Debian(k.version().upstream(), k.flavour()),
                            k.release(),
                            k.image().suite(),
                            k.image().size()))
                    .toList();
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read the package lists", e);
        }
    }

    /** Lists the kernels in the cache, and the sources and objects that they were built from. */
    public List<Cache.Entry> cached() throws KernelException {
        try {
            List<Cache.Entry> all = new ArrayList<>();
            for (String kind : KINDS) {
                all.addAll(cache.entries(kind));
            }
            return all;
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot list the kernels", e);
        }
    }

    /** Removes the kernel or the source of this key from the cache; returns false if there is none. */
    public boolean remove(String key) throws KernelException, InterruptedException {
        try {
            boolean removed = false;
            for (String kind : KINDS) {
                removed |= cache.remove(kind, key);
            }
            return removed;
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot remove " + key, e);
        }
    }

    /** Removes what was not used for that long; returns the entries that were removed. */
    public List<Cache.Entry> prune(Duration unused) throws KernelException, InterruptedException {
        Instant limit = Instant.now().minus(unused);
        List<Cache.Entry> old =
                cached().stream().filter(e -> e.lastUsed().isBefore(limit)).toList();
        for (Cache.Entry entry : old) {
            remove(entry.key());
        }
        return old;
    }

    /** Lists the profiles that a kernel can be built with. */
    public List<String> profileNames() throws KernelException {
        try {
            return Profile.names(profiles());
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read the profiles", e);
        }
    }

    /** Lists the versions that can be built from the archive's source packages, the newest first. */
    public List<String> buildable(Progress progress) throws KernelException, InterruptedException {
        try {
            return apt.update(Duration.ofDays(1), progress).sources().stream()
                    .map(p -> p.version().upstream())
                    .distinct()
                    .toList();
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot read the package lists", e);
        }
    }

    /** Returns the folder that the system property {@code ksplat.profiles} names, else the one that was packed with these classes. */
    private static Path profiles() throws KernelException {
        String chosen = System.getProperty("ksplat.profiles");
        if (chosen != null) {
            return Path.of(chosen);
        }
        URL packed = Kernels.class.getResource("profiles");
        if (packed == null) {
            throw new KernelException(
                    "this build of ksplat has no profiles in it: name a folder of profiles with -Dksplat.profiles=FOLDER");
        }
        try {
            URI location = packed.toURI();
            if (location.getScheme().equals("jar")) {
                openJar(location);
            }
            return Path.of(location);
        } catch (URISyntaxException | IOException e) {
            throw new KernelException("cannot read the profiles in " + packed, e);
        }
    }

    /** Opens a jar, so that {@link Path} finds its entries. It stays open as long as the JVM runs, as the class path does. */
    private static void openJar(URI jar) throws IOException {
        try {
            FileSystems.newFileSystem(jar, Map.of());
        } catch (FileSystemAlreadyExistsException e) {
            // It is open already.
        }
    }
}
