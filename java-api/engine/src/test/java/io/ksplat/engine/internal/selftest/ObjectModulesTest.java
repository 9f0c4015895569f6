// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObjectModulesTest {
    private static final String HAS = "the test module test_kmods/bpf_testmod.c has it, which ";

    @TempDir
    Path folder;

    private Path source;

    @BeforeEach
    void tree() throws IOException {
        file("progs/bpf_misc.h", "");
        file("test_kmods/Makefile", "");
        file(
                "test_kmods/bpf_testmod.c",
                "__bpf_kfunc void bpf_kfunc_x(void) {}\nstruct bpf_testmod_ops {};\nDECLARE_TRACE(bpf_testmod_test_y)\n");
        source = file("progs/a.c", "");
    }

    private Path file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        return Files.writeString(file, text);
    }

    private Optional<String> remark(String lacks, Optional<Path> of) throws IOException {
        return ObjectModules.remark(
                lacks,
                of,
                new Kernel(
                        new KernelSpec.Source("7.3", "selftests"),
                        "7.3.4-selftests",
                        "7.3.4-selftests-0",
                        folder.resolve("image"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        true,
                        Optional.empty(),
                        "0"));
    }

    @Test
    void whatATestModuleHasIsSaid() throws IOException {
        String where = HAS + "is built with source: and tree: kernels of the profile selftests";
        assertThat(remark("kfunc bpf_kfunc_x", Optional.of(source))).contains(where);
        assertThat(remark("struct bpf_struct_ops_bpf_testmod_ops", Optional.of(source)))
                .contains(where);
        assertThat(remark("function bpf_testmod_test_y_tp", Optional.of(source)))
                .contains(where);
        assertThat(remark("kfunc bpf_kfunc", Optional.of(source))).isEmpty();
        assertThat(remark("kfunc bpf_kfunc_x", Optional.empty())).isEmpty();
    }

    @Test
    void whyItIsNotThereIsSaid() throws IOException {
        file("test-modules/failure", "bpf_testmod.c:7: no such function\n");
        assertThat(remark("kfunc bpf_kfunc_x", Optional.of(source)))
                .contains(HAS + "did not build with this kernel: bpf_testmod.c:7: no such function");
    }
}
