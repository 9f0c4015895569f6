// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BuildErrorTest {
    @Test
    void findsTheFirstErrorInTheOutputOfMake() {
        assertThat(KernelBuild.firstError(List.of(
                        "  CC      kernel/bpf/core.o",
                        "../kernel/bpf/core.c: In function 'f':",
                        "../kernel/bpf/core.c:12:3: warning: unused",
                        "../kernel/bpf/core.c:14:9: error: 'x' undeclared",
                        "../kernel/bpf/core.c:15:9: error: second",
                        "make[3]: *** [../scripts/Makefile.build:1: kernel/bpf/core.o] Error 1")))
                .isEqualTo("kernel/bpf/core.c:14: 'x' undeclared");
        assertThat(KernelBuild.firstError(
                        List.of("ld: kernel/x.o: undefined reference to `y'", "make: *** [z] Error 2")))
                .contains("undefined reference to `y'");
        assertThat(KernelBuild.firstError(List.of("/bin/sh: 1: flex: not found", "make: *** [z] Error 127")))
                .contains("flex: not found");
    }
}
