// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.build.BuildTools;
import io.ksplat.kernel.internal.debian.AptSources;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the archive that the machine's own apt uses. */
@Tag("network")
class NetworkTest {
    private static final List<String> NOWHERE = List.of(
            "Acquire::http::Proxy=http://127.0.0.1:9",
            "Acquire::https::Proxy=http://127.0.0.1:9",
            "Acquire::Retries=0");

    @TempDir
    Path folder;

    private Kernels kernels(List<String> options) {
        return new Kernels(
                new Cache(folder.resolve("cache")), Path.of("/etc/apt"), options, List.of(), BuildTools.chosen());
    }

    @Test
    @Tag("full")
    void fetchesTheNewestOfASeriesAndThenNeedsNoNetwork() throws Exception {
        KernelSpec spec = KernelSpec.parse("debian:7.3");

        Kernel kernel = kernels(List.of()).resolve(spec, Progress.NONE);

        assertThat(kernel.release()).matches("7\\.3\\.\\d+\\+deb\\d+-cloud-amd64");
        assertThat(kernel.btf()).isPresent();
        assertThat(kernel.vmlinux()).isPresent();
        assertThat(kernel.config().orElseThrow()).content().contains("CONFIG_RCU_NOCB_CPU=y");
        assertThat(kernel.virtioPci()).isTrue();

        List<String> said = new ArrayList<>();
        Kernel again = kernels(NOWHERE).resolve(spec, (line, done) -> said.add(line));
        assertThat(again).isEqualTo(kernel);
        assertThat(said).isEmpty();

        // Asked for in other words, the lists of today do; and without them the cached one does.
        String exact = kernel.release().replaceFirst("\\+.*", "");
        Files.delete(folder.resolve("cache/apt/packages.tsv"));
        Kernel cached = kernels(NOWHERE).resolve(KernelSpec.parse("debian:" + exact), (line, done) -> said.add(line));
        assertThat(cached.key()).isEqualTo(kernel.key());
        assertThat(said).anyMatch(l -> l.contains("using the cached"));

        assertThatThrownBy(() -> kernels(List.of()).resolve(KernelSpec.parse("debian:7.3.999"), Progress.NONE))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("no kernel 'debian:7.3.999' in the archive: there are ")
                .hasMessageContaining(exact)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void withoutNetworkSaysSo() {
        assertThatThrownBy(() -> kernels(NOWHERE).resolve(KernelSpec.parse("debian:7.3"), Progress.NONE))
                .isInstanceOf(KernelException.class)
                .hasMessageStartingWith("no network: ")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void aSignatureByOtherKeysIsRefused() throws Exception {
        Path etc = Files.createDirectories(folder.resolve("apt"));
        String uri = AptSources.ofMachine(Path.of("/etc/apt")).get(0).uri();
        Path empty = Files.write(folder.resolve("none.gpg"), new byte[0]);
        Files.writeString(etc.resolve("sources.list"), "deb [signed-by=" + empty + "] " + uri + " bookworm main\n");
        Kernels kernels =
                new Kernels(new Cache(folder.resolve("cache")), etc, List.of(), List.of(), BuildTools.chosen());

        assertThatThrownBy(() -> kernels.resolve(KernelSpec.parse("debian:6.1"), Progress.NONE))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("signature does not verify");
    }
}
