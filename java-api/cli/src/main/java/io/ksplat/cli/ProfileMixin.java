// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import picocli.CommandLine.Option;

/** How the kernels of a tree are configured that a command builds. */
final class ProfileMixin {
    @Option(
            names = "--profile",
            paramLabel = "NAME",
            defaultValue = "lockdep",
            description = "How kernels of the tree are configured: plain, lockdep, kasan, selftests; default lockdep.")
    private String profile = "lockdep";

    String name() {
        return profile;
    }
}
