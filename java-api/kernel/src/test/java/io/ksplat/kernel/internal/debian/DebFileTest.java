// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.debian;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On packages made with dpkg-deb, laid out as the distribution's. */
class DebFileTest {
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

    private Path unpacked(Map<String, String> files) throws Exception {
        Path out = Files.createDirectory(folder.resolve("out"));
        new DebFile(deb(files)).extractKernel(out);
        return out;
    }

    @Test
    void takesTheImageFromBoot() throws Exception {
        Path out = unpacked(Map.of(
                "boot/vmlinuz-6.12.1-amd64", "image",
                "boot/config-6.12.1-amd64", "config",
                "boot/System.map-6.12.1-amd64", "map",
                "lib/modules/6.12.1-amd64/kernel/fs/ext4.ko", "module"));

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("config")).hasContent("config");
        assertThat(out.toFile().list()).containsExactlyInAnyOrder("image", "config", "modules");
        assertThat(out.resolve("modules")).isEmptyDirectory();
    }

    @Test
    void takesTheImageFromBesideTheModules() throws Exception {
        Path out = unpacked(Map.of("usr/lib/modules/7.3.4+deb13-amd64/vmlinuz.unsigned", "image"));

        assertThat(out.resolve("image")).hasContent("image");
        assertThat(out.resolve("config")).doesNotExist();
    }

    @Test
    void takesTheModulesOfVirtioInTheOrderOfTheirLoading() throws Exception {
        String modules = "usr/lib/modules/7.3.4+deb13-amd64/kernel/drivers/";
        Path out = unpacked(Map.of(
                modules + "virtio/virtio.ko", "b",
                modules + "virtio/virtio_ring.ko", "a",
                modules + "char/virtio_console.ko", "c",
                modules + "virtio/virtio_balloon.ko", "no"));

        assertThat(out.resolve("modules").toFile().list())
                .containsExactlyInAnyOrder("00-virtio_ring.ko", "01-virtio.ko", "05-virtio_console.ko");
    }

    @Test
    void takesTheConfigurationOfABasePackage() throws Exception {
        Path out = unpacked(Map.of("usr/lib/modules/7.3.4+deb13-amd64/config", "config"));

        assertThat(out.resolve("config")).hasContent("config");
    }

    @Test
    void aTornPackageIsAnErrorInDpkgsWords() throws Exception {
        Path deb = deb(Map.of("boot/vmlinuz-1", "x".repeat(100_000)));
        byte[] bytes = Files.readAllBytes(deb);
        Files.write(deb, java.util.Arrays.copyOf(bytes, bytes.length / 2));

        assertThatThrownBy(() -> new DebFile(deb).extractKernel(folder)).hasMessageContaining("dpkg-deb");
    }
}
