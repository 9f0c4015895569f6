// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** A Debian package as a file. */
final class DebFile {
    // Under /boot until 7.1's packages, beside the modules since; signed or not.
    private static final Pattern IMAGE = Pattern.compile("(?:boot/vmlinuz-.*|(?:usr/)?lib/modules/[^/]+/vmlinuz[^/]*)");
    private static final Pattern CONFIG = Pattern.compile("(?:boot/config-.*|(?:usr/)?lib/modules/[^/]+/config)");
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private final Path file;

    DebFile(Path file) {
        this.file = file;
    }

    /** Takes the kernel's files out, as {@code image} and {@code config}: whichever are in it, wherever they lie. */
    void kernelInto(Path folder) throws IOException, InterruptedException, KernelException {
        new Tool(DEADLINE, List.of("dpkg-deb", "--fsys-tarfile", file.toString()))
                .pipe(ProcessBuilder.Redirect.PIPE, out -> {
                    TarArchiveInputStream tar = new TarArchiveInputStream(out);
                    for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
                        String name = e.getName().replaceFirst("^\\./", "");
                        if (e.isFile() && IMAGE.matcher(name).matches()) {
                            Files.copy(tar, folder.resolve("image"));
                        } else if (e.isFile() && CONFIG.matcher(name).matches()) {
                            Files.copy(tar, folder.resolve("config"));
                        }
                    }
                });
    }
}
