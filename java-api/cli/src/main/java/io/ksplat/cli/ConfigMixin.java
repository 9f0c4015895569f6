// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What kernels are configured with that a command builds, beside their profile. */
final class ConfigMixin {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Lines of a kernel's configuration, on top of the profile of a kernel that is built;"
                    + " may be given several times.")
    private List<Path> fragments = List.of();

    List<Path> fragments() {
        return List.copyOf(fragments);
    }
}
