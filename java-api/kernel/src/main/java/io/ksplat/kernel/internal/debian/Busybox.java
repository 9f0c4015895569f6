// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.CacheFailure;
import io.ksplat.kernel.internal.packages.PackageFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The busybox of the distribution: one static program that is a shell and its tools. */
public final class Busybox {
    static final String PACKAGE = "busybox-static";

    /** Names a static busybox to use instead, for hosts without Debian's archive. */
    public static final String VARIABLE = "KSPLAT_BUSYBOX";

    private static final String KIND = "busybox";
    private static final String NAME = "busybox";

    /** A static one has 2 MiB. */
    private static final long MOST_BYTES = 64 << 20;

    private Busybox() {}

    /**
     * Returns it from the environment, the cache or the archive.
     *
     * @throws KernelException if it cannot be fetched
     */
    public static Path find(Cache cache, Progress progress) throws InterruptedException, KernelException {
        String own = System.getenv().getOrDefault(VARIABLE, "");
        if (!own.isEmpty()) {
            if (!Files.isRegularFile(Path.of(own))) {
                throw new KernelException(VARIABLE + ": there is no " + own);
            }
            return Path.of(own);
        }
        try {
            // Any version will do.
            for (String key : cache.keys(KIND)) {
                Optional<Path> there = cache.find(KIND, key);
                if (there.isPresent()) {
                    return there.get().resolve(NAME);
                }
            }
            return fetch(cache, new AptRoot(cache, Path.of("/etc/apt"), List.of()), progress);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot keep " + NAME, e);
        }
    }

    private static Path fetch(Cache cache, AptRoot apt, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Optional<PackageIndex.Deb> known = apt.index().flatMap(index -> index.newestNamed(PACKAGE));
        PackageIndex.Deb deb = known.isPresent()
                ? known.get()
                : apt.update(Duration.ZERO, progress)
                        .newestNamed(PACKAGE)
                        .orElseThrow(() -> new KernelException("the archive has no " + PACKAGE + ": set " + VARIABLE
                                + " to a busybox that is linked statically"));
        String key = deb.version().text().replace(':', '=');
        Path folder = cache.<KernelException>entry(KIND, key, fresh -> {
            Path file = apt.download(List.of(deb), fresh, progress).get(0);
            Path program = fresh.resolve(NAME);
            PackageFile.read(file, (path, content) -> {
                if (path.matches("(?:usr/)?bin/busybox")) {
                    BoundedCopy.copy(content, program, MOST_BYTES, path + " has");
                }
            });
            Files.delete(file);
            if (!Files.exists(program)) {
                throw new KernelException("the package " + deb.pinned() + " contains no busybox");
            }
        });
        return folder.resolve(NAME);
    }
}
