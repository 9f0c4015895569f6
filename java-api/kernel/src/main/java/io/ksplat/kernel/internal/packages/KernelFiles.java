// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.Decompressor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes a kernel out of its packages, as {@code image}, {@code config} and {@code modules/NN-name.ko}. Distributions split kernels
 * differently: each of these may be in another package.
 */
public final class KernelFiles {
    // Debian up to 7.1 and Ubuntu put it under /boot; Debian since, Fedora, openSUSE and Arch beside the modules.
    private static final Pattern IMAGE =
            Pattern.compile("(?:boot/vmlinuz-(.+)|(?:usr/)?lib/modules/([^/]+)/vmlinuz[^/]*)");
    private static final Pattern CONFIG = Pattern.compile("(?:boot/config-.*|(?:usr/)?lib/modules/[^/]+/config)");

    /** The virtio modules of some kernels, in the order in which they must be loaded. */
    private static final List<String> VIRTIO = List.of(
            "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_console");

    private static final Pattern MODULE = Pattern.compile(
            "(?:usr/)?lib/modules/[^/]+/kernel/drivers/(?:virtio|char)/(\\w+)\\.ko(?:\\.(?:xz|zst|gz))?");

    private static final long MOST_IMAGE = 512L << 20;
    private static final long MOST_CONFIG = 16 << 20;
    private static final long MOST_MODULE = 64 << 20;

    private final Path folder;
    private final Path modules;
    private String release = "";

    /** @param folder an empty one */
    public KernelFiles(Path folder) throws IOException {
        this.folder = folder;
        this.modules = Files.createDirectories(folder.resolve("modules"));
    }

    /** Takes what a package has of it. */
    public void take(Path file) throws IOException, KernelException {
        PackageFile.read(file, (path, content) -> take(file, path, content));
    }

    /** Returns whether some package had an image. */
    public boolean isWhole() {
        return Files.exists(folder.resolve("image"));
    }

    private void take(Path file, String path, InputStream content) throws IOException, KernelException {
        Matcher image = IMAGE.matcher(path);
        Matcher module = MODULE.matcher(path);
        if (image.matches()) {
            String found =
                    Optional.ofNullable(image.group(1)).orElse(image.group(2)).replaceAll("[^ -~]", "?");
            if (!release.isEmpty() && !release.equals(found)) {
                throw new KernelException(
                        file + ": there are two kernels, " + release + " and " + found + ": give the packages of one");
            }
            if (release.isEmpty()) {
                release = found;
                BoundedCopy.copy(content, folder.resolve("image"), MOST_IMAGE, file + ": " + path + " has");
            }
        } else if (CONFIG.matcher(path).matches() && !Files.exists(folder.resolve("config"))) {
            BoundedCopy.copy(content, folder.resolve("config"), MOST_CONFIG, file + ": " + path + " has");
        } else if (module.matches() && VIRTIO.contains(module.group(1))) {
            Path target = modules.resolve(
                    String.format(Locale.ROOT, "%02d-%s.ko", VIRTIO.indexOf(module.group(1)), module.group(1)));
            BoundedCopy.copy(Decompressor.of(content, true), target, MOST_MODULE, file + ": " + path + " has");
        }
    }
}
