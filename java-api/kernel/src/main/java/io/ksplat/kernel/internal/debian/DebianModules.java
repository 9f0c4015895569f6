// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The packages that have the modules of one of Debian's kernels. */
public final class DebianModules {
    private DebianModules() {}

    /**
     * Downloads them.
     *
     * @throws KernelException if the archive no longer has it
     */
    public static List<Path> fetch(Kernel kernel, AptRoot apt, Path into, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path made = kernel.image().resolveSibling("version");
        DebianVersion version = new DebianVersion(Files.readString(made).strip());
        List<PackageIndex.Deb> debs =
                apt.index().map(index -> find(index, kernel.release(), version)).orElse(List.of());
        if (debs.isEmpty()) {
            debs = find(apt.update(Duration.ZERO, progress), kernel.release(), version);
        }
        if (debs.isEmpty()) {
            throw new KernelException("the archive no longer has the modules of " + kernel.release() + ", version "
                    + version + ": name a newer kernel");
        }
        return apt.download(debs, into, progress);
    }

    /**
     * Returns the package of the modules, and the one that tells what is built in, if that is another; empty if there is none. Up to 7.1
     * all is in the image's package.
     */
    static List<PackageIndex.Deb> find(PackageIndex index, String release, DebianVersion version) {
        Optional<PackageIndex.Deb> modules = Stream.of(
                        "linux-modules-" + release, "linux-image-" + release, "linux-image-" + release + "-unsigned")
                .flatMap(name -> index.named(name, version).stream())
                .filter(deb -> deb.size() >= PackageIndex.SMALLEST_IMAGE)
                .findFirst();
        return modules.isEmpty()
                ? List.of()
                : Stream.concat(modules.stream(), index.named("linux-base-" + release, version).stream())
                        .toList();
    }
}
