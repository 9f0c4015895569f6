// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelSpecTest {
    @Test
    void readsEachForm() {
        assertThat(KernelSpec.parse("debian:7.2")).isEqualTo(new KernelSpec.Debian("7.2", "cloud-amd64"));
        assertThat(KernelSpec.parse("debian:7.2.13/amd64")).isEqualTo(new KernelSpec.Debian("7.2.13", "amd64"));
        assertThat(KernelSpec.parse("source:7.3+lockdep")).isEqualTo(new KernelSpec.Source("7.3", "lockdep"));
        assertThat(KernelSpec.parse("tree:/a+b/linux@v7.3~2+plain"))
                .isEqualTo(new KernelSpec.Tree(Path.of("/a+b/linux"), Optional.of("v7.3~2"), "plain"));
        assertThat(KernelSpec.parse("tree:../linux+kasan"))
                .isEqualTo(new KernelSpec.Tree(Path.of("../linux"), Optional.empty(), "kasan"));
        assertThat(KernelSpec.parse("package:a.deb")).isEqualTo(new KernelSpec.Packaged(Path.of("a.deb")));
        assertThat(KernelSpec.parse("file:/boot/vmlinuz")).isEqualTo(new KernelSpec.Image(Path.of("/boot/vmlinuz")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "debian:7.2",
                "debian:7.2.13/amd64",
                "debian:7.3~rc7-1~exp1",
                "source:7.3+lockdep",
                "tree:/linux@v7.3+plain",
                "tree:/linux+plain",
                "file:/boot/vmlinuz",
                "package:/tmp/kernel-core-6.11.4-301.fc41.x86_64.rpm"
            })
    void writesWhatItRead(String spec) {
        assertThat(KernelSpec.parse(spec)).hasToString(spec);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7.2",
                "debian:",
                "debian:newest",
                "debian:../7.2",
                "debian:7.2/",
                "fedora:42",
                "source:7.3",
                "source:lockdep",
                "tree:/linux",
                "tree:+plain"
            })
    void refusesTheRestInOneLineThatNamesIt(String spec) {
        assertThatThrownBy(() -> KernelSpec.parse(spec))
                .isInstanceOf(BadSpecException.class)
                .hasMessageContaining("'" + spec + "'")
                .message()
                .doesNotContain("\n");
    }
}
