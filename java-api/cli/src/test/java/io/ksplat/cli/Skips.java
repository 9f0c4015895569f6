// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Assumptions;

/** Skips tests of what this machine does not have, except in CI, where nothing may be skipped. */
final class Skips {
    private Skips() {}

    static void unless(boolean possible, String why) {
        if (possible) {
            return;
        }
        assertThat(System.getenv().getOrDefault("KSPLAT_CI", "")
                        + System.getenv().getOrDefault("CI", ""))
                .as("in CI nothing may be skipped: " + why)
                .isEmpty();
        System.err.println(why);
        Assumptions.abort(why);
    }

    static void unlessDocker() {
        unless(
                !System.getenv().getOrDefault("KSPLAT_IMAGE", "").isEmpty(),
                "containers are not tested, KSPLAT_IMAGE names no image: "
                        + System.getenv().getOrDefault("KSPLAT_NO_DOCKER", "run these tests with ./ksplat verify"));
    }
}
