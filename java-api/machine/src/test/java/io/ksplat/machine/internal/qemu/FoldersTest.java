// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {
    @TempDir
    Path folder;

    @Test
    void removesAllThatIsInItAndNothingElse() throws IOException {
        Path other = Files.createDirectories(folder.resolve("other"));
        Files.writeString(other.resolve("file"), "kept");
        Path removed = Files.createDirectories(folder.resolve("removed/deep/er"))
                .getParent()
                .getParent();
        Files.writeString(removed.resolve("deep/file"), "");
        Files.createSymbolicLink(removed.resolve("deep/link"), other);

        Folders.remove(removed);

        assertThat(removed).doesNotExist();
        assertThat(other.resolve("file")).hasContent("kept");
    }

    @Test
    void doesNothingIfItIsGone() throws IOException {
        Folders.remove(folder.resolve("never"));

        assertThat(folder).isEmptyDirectory();
    }
}
