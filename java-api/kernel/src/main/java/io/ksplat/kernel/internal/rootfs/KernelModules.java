// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.CacheFailure;
import io.ksplat.kernel.internal.debian.AptRoot;
import io.ksplat.kernel.internal.debian.DebianModules;
import io.ksplat.kernel.internal.packages.PackagedKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The modules of a kernel that comes in packages: they are fetched only if somebody wants one. */
public final class KernelModules {
    private static final String KIND = "modules-2";
    private static final String ARCHIVES = "modules-archive";
    private static final String ARCHIVE = "modules.tar.gz";

    private KernelModules() {}

    /** Returns whether a kernel has packages that may have modules. */
    public static boolean has(Kernel kernel) {
        return kernel.spec() instanceof KernelSpec.Debian || kernel.spec() instanceof KernelSpec.Packaged;
    }

    /**
     * Returns a kernel's modules, from the cache or its packages.
     *
     * @throws KernelException if it has no packages, or they cannot be fetched
     */
    public static ModuleFiles of(Kernel kernel, Cache cache, Progress progress)
            throws InterruptedException, KernelException {
        try {
            Path folder = cache.<KernelException>entry(KIND, kernel.key(), fresh -> {
                if (kernel.spec() instanceof KernelSpec.Debian) {
                    AptRoot apt = new AptRoot(cache, Path.of("/etc/apt"), List.of());
                    List<Path> packages = DebianModules.fetch(kernel, apt, fresh, progress);
                    take(packages, kernel, fresh, progress);
                    for (Path file : packages) {
                        Files.delete(file);
                    }
                } else if (kernel.spec() instanceof KernelSpec.Packaged packaged) {
                    take(PackagedKernels.packages(packaged.path()), kernel, fresh, progress);
                } else {
                    throw new KernelException(
                            kernel.spec() + " has no modules that can be loaded: debian: and package: kernels have");
                }
            });
            return ModuleFiles.in(folder);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot keep the modules of " + kernel.release(), e);
        }
    }

    /**
     * Returns a kernel's folder of modules as a tar archive, by gzip: for a machine that may know no squashfs.
     *
     * @throws KernelException if it has no packages, or they cannot be fetched
     */
    public static Path archive(Kernel kernel, Cache cache, Progress progress)
            throws InterruptedException, KernelException {
        ModuleFiles files = of(kernel, cache, progress);
        try {
            return cache.<KernelException>entry(ARCHIVES, kernel.key(), fresh -> {
                        progress.report("packing the modules of " + kernel.release());
                        files.archive(fresh.resolve(ARCHIVE), fresh);
                    })
                    .resolve(ARCHIVE);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot keep the modules of " + kernel.release(), e);
        }
    }

    private static void take(List<Path> packages, Kernel kernel, Path entry, Progress progress)
            throws IOException, InterruptedException, KernelException {
        progress.report("taking the modules of " + kernel.release() + " out of its packages");
        ModuleFiles.take(packages, kernel.release(), entry);
    }
}
