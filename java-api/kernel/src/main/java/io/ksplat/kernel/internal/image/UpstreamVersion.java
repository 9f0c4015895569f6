// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the version of the sources that a kernel was built from. A distribution's release need not tell it: Debian's 6.1.0-56 is
 * Linux 6.1.192.
 */
public final class UpstreamVersion {
    /** scripts/kconfig/confdata.c, conf_write: the second line of a configuration, from the top Makefile's KERNELVERSION. */
    private static final Pattern CONFIG = Pattern.compile("# Linux/\\S+ (\\d+\\.\\d+\\S*) Kernel Configuration");

    private static final int CONFIG_LINES = 5;

    /** The package's version in KBUILD_BUILD_VERSION_TIMESTAMP, which ends the banner (debian/rules.real). */
    private static final Pattern DEBIAN = Pattern.compile("#\\d+ .*\\bDebian (\\d+\\.\\d+[0-9.]*)[-~+]");

    private static final Pattern SERIES = Pattern.compile("^(\\d+\\.\\d+)");

    private UpstreamVersion() {}

    /** Returns the version; the release where nothing else tells it. */
    public static String of(Kernel kernel) throws IOException {
        Optional<String> configured = kernel.config().isPresent()
                ? configured(kernel.config().get()).filter(version -> fits(version, kernel.release()))
                : Optional.empty();
        return configured
                .or(() -> banner(kernel.image()).filter(version -> fits(version, kernel.release())))
                .orElse(kernel.release());
    }

    private static Optional<String> configured(Path config) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(config, StandardCharsets.ISO_8859_1)) {
            return lines.lines()
                    .limit(CONFIG_LINES)
                    .map(CONFIG::matcher)
                    .filter(Matcher::matches)
                    .map(line -> line.group(1))
                    .findFirst();
        }
    }

    private static Optional<String> banner(Path image) {
        try {
            Matcher debian = DEBIAN.matcher(KernelImage.open(image).banner());
            return debian.find() ? Optional.of(debian.group(1)) : Optional.empty();
        } catch (IOException | KernelException e) {
            // An image that only QEMU's user can read: its release is known all the same.
            return Optional.empty();
        }
    }

    /** A configuration of other sources than the kernel's says nothing of the kernel. */
    private static boolean fits(String version, String release) {
        Matcher one = SERIES.matcher(version);
        Matcher other = SERIES.matcher(release);
        return one.find() && other.find() && one.group(1).equals(other.group(1));
    }
}
