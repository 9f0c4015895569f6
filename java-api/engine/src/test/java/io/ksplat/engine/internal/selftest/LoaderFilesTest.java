// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoaderFilesTest {
    @TempDir
    Path folder;

    private Path file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.resolveSibling(""));
        return Files.writeString(file, text);
    }

    @Test
    void testsInCSayWhichFilesTheyGiveToIt() throws IOException {
        file("progs/bpf_misc.h", "");
        file(
                "prog_tests/verifier.c",
                "#define RUN(skel) run(#skel, skel##__elf_bytes, 0)\nRUN(one);\nx(two__elf_bytes);");
        file("prog_tests/irq.c", "RUN_TESTS(three);\nfour__open();");
        for (String name : new String[] {"one", "two", "three"}) {
            assertThat(LoaderFiles.has(file("progs/" + name + ".c", "")))
                    .as(name)
                    .isTrue();
        }
        assertThat(LoaderFiles.has(file("progs/four.c", ""))).isFalse();
    }

    @Test
    void withoutTestsInCNothingTells() throws IOException {
        assertThat(LoaderFiles.has(file("four.c", ""))).isTrue();
        file("progs/bpf_misc.h", "");
        assertThat(LoaderFiles.has(file("progs/four.c", ""))).isTrue();
    }
}
