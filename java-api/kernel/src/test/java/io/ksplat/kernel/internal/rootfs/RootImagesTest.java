// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.packages.TestPackages;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootImagesTest {
    @TempDir
    Path folder;

    private DiskImage image(Path from) throws InterruptedException, KernelException {
        return RootImages.of(new RootSpec.Here(from), new Cache(folder.resolve("cache")), Progress.NONE);
    }

    /** What is in an image, by unsquashfs(1). */
    private static String list(DiskImage image) throws IOException, InterruptedException {
        Process list = new ProcessBuilder("unsquashfs", "-lc", image.file().toString()).start();
        String out = new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(list.waitFor()).isZero();
        return out;
    }

    private Path root() throws IOException {
        Path root = folder.resolve("root");
        Files.createDirectories(root.resolve("bin"));
        Files.writeString(root.resolve("bin/true"), "#!/bin/sh\n");
        return root;
    }

    @Test
    void aFolderIsPackedOnceUntilItChanges() throws Exception {
        Path root = root();
        DiskImage first = image(root);
        assertThat(list(first)).contains("squashfs-root/bin/true");
        assertThat(image(root)).isEqualTo(first);

        Files.writeString(root.resolve("bin/true"), "#!/bin/sh\n:\n");
        DiskImage second = image(root);
        assertThat(second.file()).isNotEqualTo(first.file());
        assertThat(second.digest()).isNotEqualTo(first.digest());
    }

    @Test
    void aCompressedArchive() throws Exception {
        Path tar = TestPackages.arch(
                folder.resolve("root.tar.zst"), out -> TestPackages.file(out, "usr/bin/true", "#!/bin/sh\n"));
        assertThat(list(image(tar))).contains("squashfs-root/usr/bin/true");
    }

    @Test
    void anImageIsTakenAsItIs() throws Exception {
        DiskImage made = image(root());
        Path own = Files.copy(made.file(), folder.resolve("own.img"));
        assertThat(image(own)).isEqualTo(new DiskImage(own.toAbsolutePath(), "squashfs", made.digest()));
        try (RandomAccessFile file = new RandomAccessFile(own.toFile(), "rw")) {
            file.write(new byte[4]);
            file.seek(1024);
            file.write(new byte[] {(byte) 0xe2, (byte) 0xe1, (byte) 0xf5, (byte) 0xe0});
        }
        assertThat(image(own).type()).isEqualTo("erofs");
    }

    @Test
    void whatIsNoRootFileSystem() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path text = Files.writeString(folder.resolve("text"), "text");
        Path saved =
                TestPackages.arch(folder.resolve("saved.tar"), out -> TestPackages.file(out, "manifest.json", "[]"));
        Path other = TestPackages.arch(folder.resolve("other.tar"), out -> TestPackages.file(out, "README", "no"));
        Map<Path, String> messages = Map.of(
                empty, "it has neither /bin nor /usr/bin: it is no root file system",
                other, "it has neither /bin nor /usr/bin: it is no root file system",
                text, "it is no folder, tar archive, or image of squashfs, erofs or ext4",
                saved, "it is a saved image of a container: export one instead (docker export), which has its files");
        for (Map.Entry<Path, String> bad : messages.entrySet()) {
            assertThatThrownBy(() -> image(bad.getKey()))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("root=" + bad.getKey() + ": " + bad.getValue());
        }
        // Nothing of a failure stays.
        assertThat(new Cache(folder.resolve("cache")).entries("root")).isEmpty();
    }
}
