// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
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

    /**
     * Has a script fetch or build what a test needs. It prints a folder last, or why there is none.
     *
     * @param scratch where files of its run go
     * @param script of scripts/
     * @param untested what is skipped if there is none
     */
    static Path unlessPrepared(Path scratch, Duration limit, String script, String untested) throws Exception {
        HeldProcess made = HeldProcess.run(
                scratch,
                limit,
                Path.of("../../scripts").resolve(script).toAbsolutePath().toString());
        assertThat(made.status()).as(made.output()).isZero();
        String last = made.output().lines().reduce((first, second) -> second).orElse("");
        unless(last.startsWith("/"), untested + ": " + last);
        return Path.of(last);
    }

    static void unlessDocker() {
        unless(
                !System.getenv().getOrDefault("KSPLAT_IMAGE", "").isEmpty(),
                "containers are not tested, KSPLAT_IMAGE names no image: "
                        + System.getenv().getOrDefault("KSPLAT_NO_DOCKER", "run these tests with ./ksplat verify"));
    }
}
