// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceDigestTest {
    @TempDir
    Path folder;

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.toAbsolutePath().getParent());
        return Files.writeString(file, text);
    }

    @Test
    void whatIsUsedIsPartOfItAndNothingElse() throws IOException {
        Path java = write("A.java", "@R(bpf = \"a.bpf.c\") class A { B b; }");
        write("a.bpf.c", "#include \"sub/a.h\"\n");
        write("sub/a.h", "#include \"../deep.h\"\n#include \"missing.h\"\n");
        write("deep.h", "int x;");
        write("B.java", "class B { A a; }");
        write("other.c", "int y;");
        String before = SourceDigest.of(java, "");

        write("other.c", "int z;");
        assertThat(SourceDigest.of(java, "")).as("nothing uses other.c").isEqualTo(before);
        for (String used : new String[] {"A.java", "a.bpf.c", "sub/a.h", "deep.h", "B.java"}) {
            String text = Files.readString(folder.resolve(used));
            write(used, text + " ");
            assertThat(SourceDigest.of(java, "")).as(used).isNotEqualTo(before);
            write(used, text);
            assertThat(SourceDigest.of(java, "")).isEqualTo(before);
        }
        assertThat(SourceDigest.of(java, "lasts=1s")).isNotEqualTo(before);
        write("sub/missing.h", "");
        assertThat(SourceDigest.of(java, "")).as("a header that came").isNotEqualTo(before);
    }

    @Test
    void theFoldersNameDoesNotCount() throws IOException {
        Path one = write("one/a.c", "#include \"a.h\"\n");
        write("one/a.h", "");
        Path two = write("two/a.c", "#include \"a.h\"\n");
        write("two/a.h", "");

        assertThat(SourceDigest.of(two, "")).isEqualTo(SourceDigest.of(one, ""));
    }
}
