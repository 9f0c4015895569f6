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

/** The package that has the modules of one of Debian's kernels. */
public final class DebianModules {
    private DebianModules() {}

    /**
     * Downloads it.
     *
     * @throws KernelException if the archive no longer has it
     */
    public static List<Path> fetch(Kernel kernel, AptRoot apt, Path into, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path made = kernel.image().resolveSibling("version");
        DebianVersion version = new DebianVersion(Files.readString(made).strip());
        Optional<PackageIndex.Deb> known = apt.index().flatMap(index -> find(index, kernel.release(), version));
        if (known.isEmpty()) {
            known = find(apt.update(Duration.ZERO, progress), kernel.release(), version);
        }
        PackageIndex.Deb deb = known.orElseThrow(() -> new KernelException("the archive no longer has the modules of "
                + kernel.release() + ", version " + version + ": name a newer kernel"));
        return apt.download(List.of(deb), into, progress);
    }

    /** Up to 7.1 they are in the image's package, since then in one of their own. */
    static Optional<PackageIndex.Deb> find(PackageIndex index, String release, DebianVersion version) {
        return Stream.of("linux-modules-" + release, "linux-image-" + release, "linux-image-" + release + "-unsigned")
                .flatMap(name -> index.named(name, version).stream())
                .filter(deb -> deb.size() >= PackageIndex.SMALLEST_IMAGE)
                .findFirst();
    }
}
