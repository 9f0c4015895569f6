// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** On stanzas as Debian's package lists had them, of both layouts and of four suites. */
class PackageIndexTest {
    private static PackageIndex recorded() throws IOException {
        try (InputStream in = PackageIndexTest.class.getResourceAsStream("/kernel/Packages");
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            return new PackageIndex(PackageIndex.parse(lines, "recorded"));
        }
    }

    @Test
    void aReleaseIsNewerThanItsCandidateThoughOnlyTheUnsignedOneIsThere() throws IOException {
        PackageIndex.Prebuilt newest = recorded().newest("7.3", "cloud-amd64").orElseThrow();

        assertThat(newest.release()).isEqualTo("7.3.4+deb13-cloud-amd64");
        assertThat(newest.image().pinned()).isEqualTo("linux-binary-unsigned-7.3.4+deb13-cloud-amd64=7.3.4-1~bpo13+1");
    }

    @Test
    void thePackageThatOnlyNamesOthersIsNotTakenForTheImage() throws IOException {
        List<PackageIndex.Deb> packages = new ArrayList<>(recorded().packages());
        packages.sort(Comparator.comparing(p -> !p.name().startsWith("linux-image-")));
        PackageIndex.Prebuilt newest =
                new PackageIndex(packages).newest("7.2", "cloud-amd64").orElseThrow();

        assertThat(newest.image().name()).isEqualTo("linux-binary-7.2.13+deb14-cloud-amd64");
        assertThat(newest.base().orElseThrow().name()).isEqualTo("linux-base-7.2.13+deb14-cloud-amd64");
    }

    @Test
    void theOldLayoutHasTheImageInLinuxImage() throws IOException {
        PackageIndex.Prebuilt newest = recorded().newest("6.1", "cloud-amd64").orElseThrow();

        assertThat(newest.image().pinned()).isEqualTo("linux-image-6.1.0-56-cloud-amd64=6.1.192-2");
        assertThat(newest.base()).isEmpty();
    }

    @Test
    void flavoursAreKeptApart() throws IOException {
        assertThat(recorded().newest("7.2", "amd64").orElseThrow().release()).isEqualTo("7.2.13+deb14-amd64");
        assertThat(recorded().prebuilt("amd64"))
                .extracting(PackageIndex.Prebuilt::release)
                .noneMatch(r -> r.contains("cloud") || r.contains("rt"));
    }

    @Test
    void debugPackagesAndMetapackagesAreNoKernels() throws IOException {
        assertThat(recorded().packages())
                .extracting(PackageIndex.Deb::name)
                .noneMatch(n -> n.endsWith("-dbg"))
                .doesNotContain("linux-image-cloud-amd64");
    }

    @Test
    void findsTheSource() throws IOException {
        assertThat(recorded().newestSource("7.3").orElseThrow().pinned()).isEqualTo("linux-source-7.3=7.3.4-1~bpo13+1");
        assertThat(recorded().newestSource("7.1")).isEmpty();
    }

    @Test
    void namesWhatThereIsInstead() throws IOException {
        List<DebianVersion> versions = recorded().prebuilt("cloud-amd64").stream()
                .map(PackageIndex.Prebuilt::version)
                .toList();

        assertThat(recorded().describe("7.2.99", versions))
                .isEqualTo("there are 7.2.13 of that series; the series are 7.3, 7.2, 6.1");
        assertThat(recorded().describe("5.10", versions)).isEqualTo("the series are 7.3, 7.2, 6.1");
    }
}
