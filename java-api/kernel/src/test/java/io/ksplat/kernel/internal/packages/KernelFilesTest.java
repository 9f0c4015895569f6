// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On packages made with dpkg-deb, laid out as the distribution's, and on such as nobody's tools would make. */
class KernelFilesTest {
    @TempDir
    Path folder;

    private Path deb(Map<String, String> files) throws Exception {
        Path tree = Files.createDirectory(folder.resolve("tree"));
        Files.createDirectory(tree.resolve("DEBIAN"));
        Files.writeString(
                tree.resolve("DEBIAN/control"),
                "Package: linux-image-x\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@example.org>\nDescription: d\n");
        for (var file : files.entrySet()) {
            Path path = tree.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.writeString(path, file.getValue());
        }
        Path deb = folder.resolve("x.deb");
        Process made = new ProcessBuilder("dpkg-deb", "--root-owner-group", "-b", tree.toString(), deb.toString())
                .inheritIO()
                .start();
        assertThat(made.waitFor()).isZero();
        return deb;
    }

    private Path unpacked(Path file) throws Exception {
        Path out = Files.createDirectory(folder.resolve("out"));
        new KernelFiles(out).take(file);
        return out;
    }

    private void assertRefused(Path file, String... words) {
        assertThatThrownBy(() -> new KernelFiles(Files.createTempDirectory(folder, "out")).take(file))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining(file.toString())
                .satisfies(e -> List.of(words).forEach(word -> assertThat(e).hasMessageContaining(word)))
                .message()
                .doesNotContain("\n")
                .hasSizeLessThan(400);
    }

    @Test
    void takesTheImageFromBoot() throws Exception {
        Path out = unpacked(deb(Map.of(
                "boot/vmlinuz-6.12.1-amd64", "image",
                "boot/config-6.12.1-amd64", "config",
                "boot/System.map-6.12.1-amd64", "map",
                "lib/modules/6.12.1-amd64/kernel/fs/ext4.ko", "module")));

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("config")).hasContent("config");
        assertThat(out.toFile().list()).containsExactlyInAnyOrder("image", "config", "modules");
        assertThat(out.resolve("modules")).isEmptyDirectory();
    }

    @Test
    void takesTheImageFromBesideTheModules() throws Exception {
        Path out = unpacked(deb(Map.of("usr/lib/modules/7.3.4+deb13-amd64/vmlinuz.unsigned", "image")));

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("config")).doesNotExist();
    }

    @Test
    void takesTheModulesOfVirtioInTheOrderOfTheirLoading() throws Exception {
        String modules = "usr/lib/modules/7.3.4+deb13-amd64/kernel/drivers/";
        Path out = unpacked(deb(Map.of(
                modules + "virtio/virtio.ko", "b",
                modules + "virtio/virtio_ring.ko", "a",
                modules + "char/virtio_console.ko", "c",
                modules + "virtio/virtio_balloon.ko", "no")));

        assertThat(out.resolve("modules").toFile().list())
                .containsExactlyInAnyOrder("00-virtio_ring.ko", "01-virtio.ko", "05-virtio_console.ko");
    }

    @Test
    void takesTheConfigurationOfABasePackage() throws Exception {
        Path out = unpacked(deb(Map.of("usr/lib/modules/7.3.4+deb13-amd64/config", "config")));

        assertThat(out.resolve("config")).hasContent("config");
    }

    @Test
    void takesAKernelOutOfAnArchPackage() throws Exception {
        Path file = TestPackages.arch(folder.resolve("linux.pkg.tar.zst"), tar -> {
            TestPackages.file(tar, "usr/lib/modules/6.16.1-arch1/vmlinuz", "image");
            TestPackages.file(tar, "usr/lib/modules/6.16.1-arch1/kernel/drivers/char/virtio_console.ko", "module");
        });

        Path out = unpacked(file);

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("modules/05-virtio_console.ko")).hasContent("module");
    }

    @Test
    void takesAKernelOutOfAnRpm() throws Exception {
        Path file = Files.write(
                folder.resolve("kernel-core.rpm"),
                TestPackages.rpm(Map.of(
                        "./lib/modules/6.11.4-301.fc41/vmlinuz", "image",
                        "./lib/modules/6.11.4-301.fc41/config", "config",
                        // A hard link: cpio has its content elsewhere.
                        "./boot/vmlinuz-6.11.4-301.fc41", "")));

        Path out = unpacked(file);

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("config")).hasContent("config");
    }

    @Test
    void twoKernelsAreOneTooMany() throws Exception {
        assertRefused(
                deb(Map.of("boot/vmlinuz-6.12.1", "a", "boot/vmlinuz-6.12.2", "b")),
                "two kernels",
                "6.12.1",
                "6.12.2",
                "the packages of one");
    }

    @Test
    void aTornPackageIsAnError() throws Exception {
        Path deb = deb(Map.of("boot/vmlinuz-1", "x".repeat(100_000)));
        byte[] bytes = Files.readAllBytes(deb);
        Files.write(deb, Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(deb);

        byte[] rpm = TestPackages.rpm(Map.of("./boot/vmlinuz-1", "x".repeat(100_000)));
        for (int length : new int[] {20, 110, 140, 180, rpm.length - 20}) {
            assertRefused(Files.write(folder.resolve("torn.rpm"), Arrays.copyOf(rpm, length)));
        }
    }

    @Test
    void aFileThatIsNoPackageIsAnError() throws Exception {
        assertRefused(Files.writeString(folder.resolve("text.deb"), "no package\n".repeat(1000)), "no package");
        assertRefused(Files.writeString(folder.resolve("ar.deb"), "!<arch>\n"), "without data.tar");
        assertRefused(folder, "not a file");
    }

    @Test
    void aFileOutsideOfItsFolderIsRefused() throws Exception {
        Path file = TestPackages.arch(
                folder.resolve("evil.pkg.tar.zst"),
                tar -> TestPackages.file(tar, "boot/../../../etc/passwd", "root::0:0:::"));

        assertRefused(file, "outside of its folder", "boot/../../../etc/passwd");
    }

    @Test
    void aDeviceIsRefused() throws Exception {
        Path file = TestPackages.arch(folder.resolve("evil.pkg.tar.zst"), tar -> {
            TarArchiveEntry device = new TarArchiveEntry("boot/vmlinuz-1", TarConstants.LF_BLK);
            tar.putArchiveEntry(device);
            tar.closeArchiveEntry();
        });

        assertRefused(file, "a device", "boot/vmlinuz-1");
    }

    @Test
    void aLinkIsNoImage() throws Exception {
        Path file = TestPackages.arch(folder.resolve("link.pkg.tar.zst"), tar -> {
            TarArchiveEntry link = new TarArchiveEntry("boot/vmlinuz-1", TarConstants.LF_SYMLINK);
            link.setLinkName("/etc/shadow");
            tar.putArchiveEntry(link);
            tar.closeArchiveEntry();
        });

        assertThat(unpacked(file).resolve("image")).doesNotExist();
    }

    @Test
    void moreThanTheLimitIsRefusedBeforeItIsRead() throws Exception {
        TarArchiveEntry huge = new TarArchiveEntry("usr/lib/modules/1/kernel/huge.ko", true);
        huge.setSize(7L << 30);

        assertRefused(TestPackages.debWithHeader(folder.resolve("huge.deb"), huge), "more than 4 GiB");
    }

    @Test
    void aNameThatFillsTheMemoryIsRefused() throws Exception {
        Path file = TestPackages.arch(folder.resolve("name.pkg.tar.zst"), tar -> {
            TarArchiveEntry name = new TarArchiveEntry("././@LongLink", TarConstants.LF_GNUTYPE_LONGNAME);
            name.setSize(3 << 20);
            tar.putArchiveEntry(name);
            tar.write(new byte[3 << 20]);
            tar.closeArchiveEntry();
            TestPackages.file(tar, "x", "x");
        });

        assertRefused(file, "header takes more than 1 MiB");
    }

    @Test
    void sizesInAnRpmsHeaderAreCheckedBeforeMemoryIsTakenForThem() throws Exception {
        byte[] rpm = TestPackages.rpm(Map.of("./boot/vmlinuz-1", "image"));
        int[] fields = {96 + 8, 96 + 12, 96 + 16 + 12}; // entries, bytes, values of the first entry
        for (int field : fields) {
            for (int size : new int[] {Integer.MAX_VALUE, -1, 1 << 28}) {
                byte[] evil = rpm.clone();
                ByteBuffer.wrap(evil).putInt(field, size);
                assertRefused(Files.write(folder.resolve("evil.rpm"), evil), "its header has");
            }
        }
        byte[] wild = rpm.clone();
        ByteBuffer.wrap(wild).putInt(96 + 16 + 8, 1 << 20);
        assertRefused(Files.write(folder.resolve("evil.rpm"), wild), "damaged");
    }

    @Test
    void damageAnywhereIsAnErrorOrHarmless() throws Exception {
        byte[] rpm = TestPackages.rpm(Map.of("./lib/modules/1/vmlinuz", "image", "./lib/modules/1/config", "c"));
        for (int at = 0; at < rpm.length; at++) {
            byte[] damaged = rpm.clone();
            damaged[at] ^= (byte) 0xff;
            Path file = Files.write(folder.resolve("damaged.rpm"), damaged);
            try {
                new KernelFiles(Files.createDirectories(folder.resolve("out" + at))).take(file);
            } catch (KernelException | IOException e) {
                assertThat(e).as("byte " + at + ": " + e).isInstanceOf(KernelException.class);
                assertThat(e.getMessage()).as("byte " + at).doesNotContain("\n");
            }
        }
    }
}
