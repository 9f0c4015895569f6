// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelRange;
import io.ksplat.kernel.KernelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamVersionTest {
    private static final String DEBIAN = "6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org)"
            + " #1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-11)";

    @TempDir
    Path folder;

    private Kernel kernel(String banner, String config) throws IOException {
        Path image = folder.resolve("image");
        Files.write(image, TestImages.bzImage(banner, new byte[0]));
        Optional<Path> configured =
                config.isEmpty() ? Optional.empty() : Optional.of(Files.writeString(folder.resolve("config"), config));
        return new Kernel(
                KernelSpec.parse("debian:6.1"),
                banner.replaceFirst(" .*", ""),
                "key",
                image,
                Optional.empty(),
                configured,
                Optional.empty(),
                Optional.empty(),
                true,
                false,
                Optional.empty(),
                "digest");
    }

    private static String config(String version) {
        return "#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 " + version
                + " Kernel Configuration\n#\nCONFIG_BPF=y\n";
    }

    @Test
    void theConfigurationTellsIt() throws Exception {
        assertThat(kernel(DEBIAN, config("6.1.192")).version()).isEqualTo("6.1.192");
        assertThat(kernel("5.15.0-91-generic #101-Ubuntu SMP", config("5.15.131"))
                        .version())
                .isEqualTo("5.15.131");
    }

    @Test
    void theBannerTellsItWithoutAConfiguration() throws Exception {
        assertThat(kernel(DEBIAN, "").version()).isEqualTo("6.1.192");
        assertThat(kernel("7.2.13+deb14-cloud-amd64 (x) #1 SMP Debian 7.2.13-1~bpo13+1 (2026-10-11)", "")
                        .version())
                .isEqualTo("7.2.13");
    }

    @ParameterizedTest
    @CsvSource({"7.3.4-lockdep", "6.8.0-31-generic", "7.3.0-rc1"})
    void theReleaseIsTheLastWord(String release) throws Exception {
        assertThat(kernel(release, "").version()).isEqualTo(release);
    }

    @Test
    void theConfigurationOfOtherSourcesTellsNothing() throws Exception {
        assertThat(kernel(DEBIAN, config("6.12.1")).version()).isEqualTo("6.1.192");
        assertThat(kernel("7.3.4-own", config("6.12.1")).version()).isEqualTo("7.3.4-own");
    }

    @Test
    void debiansReleaseIsNoVersion() throws Exception {
        Kernel kernel = kernel(DEBIAN, config("6.1.192"));

        assertThat(KernelRange.parse("[6.1.150,)").contains(kernel.version())).isTrue();
        assertThat(KernelRange.parse("[6.1.150,)").contains(kernel.release())).isFalse();
    }

    @Test
    void anImageThatIsGoneTellsNothing() throws Exception {
        Kernel kernel = kernel(DEBIAN, "");
        Files.delete(kernel.image());

        assertThat(kernel.version()).isEqualTo("6.1.0-56-cloud-amd64");
    }
}
