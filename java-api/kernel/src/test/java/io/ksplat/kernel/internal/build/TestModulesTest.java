// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestModulesTest {
    @TempDir
    Path folder;

    private Path file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        return Files.writeString(file, text);
    }

    private Kernel kernel() {
        return new Kernel(
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
                "0");
    }

    @Test
    void treesHaveThemInOneOfTwoFolders() throws IOException {
        assertThat(TestModules.sources(folder)).isEmpty();
        file("bpf_testmod/Makefile", "");
        assertThat(TestModules.sources(folder)).contains(folder.resolve("bpf_testmod"));
        file("test_kmods/Makefile", "");
        assertThat(TestModules.sources(folder)).contains(folder.resolve("test_kmods"));
    }

    @Test
    void aCopyOfWhatDidNotChangeIsNotBuiltAgain() throws IOException {
        file("bpf/test_kmods/Makefile", "obj-m += a.o");
        file("bpf/test_kmods/a.c", "int a;");
        file("bpf/test_kmods/a.ko", "of somebody else's build");
        file("bpf/experimental.h", "int b;");
        file("bpf/test_progs.c", "int main;");
        Path to = folder.resolve("to");
        Path copy = TestModules.copy(folder.resolve("bpf/test_kmods"), to);
        assertThat(copy).isEqualTo(to.resolve("test_kmods"));
        assertThat(copy.resolve("a.c")).hasContent("int a;");
        assertThat(copy.resolve("Makefile")).exists();
        assertThat(copy.resolve("a.ko")).doesNotExist();
        assertThat(to.resolve("experimental.h")).exists();
        assertThat(to.resolve("test_progs.c")).doesNotExist();
        FileTime old = FileTime.from(Instant.EPOCH);
        Files.setLastModifiedTime(copy.resolve("a.c"), old);
        Files.setLastModifiedTime(copy.resolve("Makefile"), old);
        file("bpf/test_kmods/Makefile", "obj-m += b.o");
        TestModules.copy(folder.resolve("bpf/test_kmods"), to);
        assertThat(Files.getLastModifiedTime(copy.resolve("a.c"))).isEqualTo(old);
        assertThat(Files.getLastModifiedTime(copy.resolve("Makefile"))).isNotEqualTo(old);
    }

    @Test
    void aKernelThatWasNotToHaveThemHasNone() throws IOException {
        assertThat(TestModules.of(kernel())).isEmpty();
        assertThat(TestModules.failure(kernel())).isEmpty();
    }

    @Test
    void whyTheyDidNotBuildIsKept() throws IOException {
        file("test-modules/failure", "bpf_testmod.c:7: no such function\n");
        assertThat(TestModules.of(kernel())).isEmpty();
        assertThat(TestModules.failure(kernel())).contains("bpf_testmod.c:7: no such function");
    }
}
