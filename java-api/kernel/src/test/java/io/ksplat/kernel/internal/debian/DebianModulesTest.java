// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class DebianModulesTest {
    private static final DebianVersion NEW = new DebianVersion("7.2.13-1");

    private static PackageIndex index() throws IOException {
        return new PackageIndex(PackageIndex.parse(new BufferedReader(new StringReader("""
                Package: linux-image-7.2.13+deb14-cloud-amd64
                Version: 7.2.13-1
                Size: 2416

                Package: linux-modules-7.2.13+deb14-cloud-amd64
                Version: 7.2.13-1
                Size: 23500000

                Package: linux-base-7.2.13+deb14-cloud-amd64
                Version: 7.2.13-1
                Size: 417436

                Package: linux-modules-7.2.12+deb14-cloud-amd64
                Version: 7.2.12-1
                Size: 23400000

                Package: linux-image-6.12.118+deb13-cloud-amd64
                Version: 6.12.118-1
                Size: 34700000

                """)), "recorded"));
    }

    @Test
    void aPackageOfTheirOwn() throws IOException {
        assertThat(DebianModules.find(index(), "7.2.13+deb14-cloud-amd64", NEW))
                .extracting(PackageIndex.Deb::pinned)
                .containsExactly(
                        "linux-modules-7.2.13+deb14-cloud-amd64=7.2.13-1",
                        "linux-base-7.2.13+deb14-cloud-amd64=7.2.13-1");
    }

    @Test
    void theImagesPackage() throws IOException {
        assertThat(DebianModules.find(index(), "6.12.118+deb13-cloud-amd64", new DebianVersion("6.12.118-1")))
                .extracting(PackageIndex.Deb::pinned)
                .containsExactly("linux-image-6.12.118+deb13-cloud-amd64=6.12.118-1");
    }

    /** Modules of another build do not load. */
    @Test
    void anotherVersionIsNotTaken() throws IOException {
        assertThat(DebianModules.find(index(), "7.2.13+deb14-cloud-amd64", new DebianVersion("7.2.13-2")))
                .isEmpty();
    }
}
