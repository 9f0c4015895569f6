// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** The file of a Debian package. */
final class DebFile {
    // The packages put it under /boot up to 7.1, and beside the modules since.
    private static final Pattern IMAGE = Pattern.compile("(?:boot/vmlinuz-.*|(?:usr/)?lib/modules/[^/]+/vmlinuz[^/]*)");
    private static final Pattern CONFIG = Pattern.compile("(?:boot/config-.*|(?:usr/)?lib/modules/[^/]+/config)");
    /** The virtio modules of some flavours, in the order in which they must be loaded. */
    private static final List<String> VIRTIO = List.of(
            "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_console");

    private static final Pattern MODULE =
            Pattern.compile("(?:usr/)?lib/modules/[^/]+/kernel/drivers/(?:virtio|char)/(\\w+)\\.ko(\\.xz)?");

    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private final Path file;

    DebFile(Path file) {
        this.file = file;
    }

    /**
     * Extracts the kernel's files as {@code image}, {@code config} and {@code modules/NN-name.ko}, as far as the package has them.
     */
    void extractKernel(Path folder) throws IOException, InterruptedException, KernelException {
        Path modules = Files.createDirectories(folder.resolve("modules"));
        new Command(DEADLINE, List.of("dpkg-deb", "--fsys-tarfile", file.toString()))
                .pipe(ProcessBuilder.Redirect.PIPE, out -> {
                    TarArchiveInputStream tar = new TarArchiveInputStream(out);
                    for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
                        String name = e.getName().replaceFirst("^\\./", "");
                        if (e.isFile() && IMAGE.matcher(name).matches()) {
                            Files.copy(tar, folder.resolve("image"));
                        } else if (e.isFile() && CONFIG.matcher(name).matches()) {
                            Files.copy(tar, folder.resolve("config"));
                        } else if (e.isFile()) {
                            module(name, tar, modules);
                        }
                    }
                });
    }

    private static void module(String name, InputStream content, Path modules)
            throws IOException, InterruptedException, KernelException {
        Matcher module = MODULE.matcher(name);
        int place = module.matches() ? VIRTIO.indexOf(module.group(1)) : -1;
        if (place < 0) {
            return;
        }
        Path target = modules.resolve(String.format(Locale.ROOT, "%02d-%s.ko", place, module.group(1)));
        if (module.group(2) == null) {
            Files.copy(content, target);
            return;
        }
        Path packed = modules.resolve(target.getFileName() + ".xz");
        Files.copy(content, packed);
        new Command(DEADLINE, List.of("xz", "--decompress", "--stdout"))
                .pipe(ProcessBuilder.Redirect.from(packed.toFile()), out -> Files.copy(out, target));
        Files.delete(packed);
    }
}
