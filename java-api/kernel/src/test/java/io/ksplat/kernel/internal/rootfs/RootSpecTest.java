// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RootSpecTest {
    @Test
    void debian() {
        assertThat(RootSpec.parse("debian")).isEqualTo(new RootSpec.Debian(RootSpec.SUITE, List.of()));
        assertThat(RootSpec.parse("debian:forky+g+++bpftrace"))
                .isEqualTo(new RootSpec.Debian("forky", List.of("bpftrace", "g++")));
        assertThat(RootSpec.parse("debian+b+a")).isEqualTo(RootSpec.parse("debian+a+b"));
        assertThat(RootSpec.parse("debian:forky+g++")).hasToString("debian:forky+g++");
    }

    @Test
    void paths() {
        assertThat(RootSpec.parse("./debian")).isEqualTo(new RootSpec.Here(Path.of("./debian")));
        assertThat(RootSpec.parse("debian.tar")).isEqualTo(new RootSpec.Here(Path.of("debian.tar")));
        assertThat(RootSpec.parse("debian:")).isEqualTo(new RootSpec.Here(Path.of("debian:")));
        assertThat(RootSpec.parse("debian+$(x)")).isEqualTo(new RootSpec.Here(Path.of("debian+$(x)")));
    }
}
