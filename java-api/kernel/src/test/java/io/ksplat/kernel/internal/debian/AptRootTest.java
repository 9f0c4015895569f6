// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AptRootTest {
    @Test
    void goesOnWithoutASuiteThatTheArchiveDoesNotHave() {
        assertThat(AptRoot.unusable(
                        "E: The repository 'http://mirror.example/debian duke Release' does not have a Release file."))
                .contains("http://mirror.example/debian duke");
    }

    @Test
    void goesOnWithoutASuiteThatIsNoLongerUpdated() {
        assertThat(AptRoot.unusable("E: Release file for http://mirror.example/debian/dists/forky/InRelease is expired"
                        + " (invalid since 22d 3h 40min 51s). Updates for this repository will not be applied."))
                .contains("http://mirror.example/debian forky");
    }

    @Test
    void doesNotGoOnWithoutASignature() {
        assertThat(AptRoot.unusable("E: The repository 'http://mirror.example/debian forky InRelease' is not signed."))
                .isEmpty();
    }
}
