// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.build.BuildTools;
import io.ksplat.kernel.internal.image.TestImages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelsTest {
    @TempDir
    Path folder;

    private Kernels kernels;

    @BeforeEach
    void ownCache() throws IOException {
        Files.createDirectory(folder.resolve("apt"));
        kernels = new Kernels(
                new Cache(folder.resolve("cache")), folder.resolve("apt"), List.of(), List.of(), BuildTools.chosen());
    }

    private Kernel image(byte[] bytes) throws Exception {
        Path file = Files.write(folder.resolve("vmlinuz-x"), bytes);
        return kernels.resolve(new KernelSpec.Image(file), Progress.NONE);
    }

    @Test
    void takesABzImageApart() throws Exception {
        byte[] elf = TestImages.elf(true, "the types", "");
        Files.writeString(
                folder.resolve("config-x"),
                "CONFIG_VIRTIO_PCI=m\nCONFIG_VIRTIO_MMIO=y\n"
                        + "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y\n# CONFIG_PROVE_LOCKING is not set\n");

        Kernel kernel = image(TestImages.bzImage("7.3.4-own", elf));

        assertThat(kernel.release()).isEqualTo("7.3.4-own");
        assertThat(kernel.key()).startsWith("7.3.4-own-" + kernel.digest().substring(0, 12));
        assertThat(kernel.btf().orElseThrow()).hasContent("the types");
        assertThat(kernel.bootImage()).isEqualTo(kernel.vmlinux().orElseThrow()).hasBinaryContent(elf);
        assertThat(kernel.virtioPci()).isFalse();
        assertThat(kernel.virtioMmio()).isTrue();
    }

    @Test
    void bootsTheBzImageWithoutAPvhEntry() throws Exception {
        Kernel kernel = image(TestImages.bzImage("7.3.4", TestImages.elf(false, "", "")));

        assertThat(kernel.vmlinux()).isEmpty();
        assertThat(kernel.bootImage()).isEqualTo(kernel.image());
    }

    @Test
    void takesAVmlinux() throws Exception {
        Kernel kernel = image(TestImages.elf(true, "t", "Linux version %s Linux version 6.12.1-x (me) #1"));

        assertThat(kernel.release()).isEqualTo("6.12.1-x");
    }

    @Test
    void twoImagesOfOneReleaseHaveTwoKeys() throws Exception {
        Kernel one = image(TestImages.bzImage("7.3.4", TestImages.elf(true, "one", "")));
        Kernel other = image(TestImages.bzImage("7.3.4", TestImages.elf(true, "other", "")));

        assertThat(one.key()).isNotEqualTo(other.key());
        assertThat(one.btf().orElseThrow()).hasContent("one");
    }

    @Test
    void saysWhyAFileIsNoKernel() throws Exception {
        assertThatThrownBy(() -> image(new byte[4096])).hasMessageContaining("vmlinuz-x is not a kernel image");
        assertThatThrownBy(() -> image("#!/bin/sh\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .hasMessageContaining("is not a kernel image");
        assertThatThrownBy(() -> image(TestImages.elf(false, "", "")))
                .hasMessageContaining("without a PVH entry")
                .hasMessageContaining("bzImage");
        byte[] torn = TestImages.bzImage("7.3.4", TestImages.elf(true, "t", ""));
        assertThatThrownBy(() -> image(java.util.Arrays.copyOf(torn, 0x610)))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("is damaged");
        byte[] vmlinux = TestImages.elf(true, "t", "");
        ByteBuffer.wrap(vmlinux).order(ByteOrder.LITTLE_ENDIAN).putLong(32, 100_000);
        assertThatThrownBy(() -> image(vmlinux))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("is damaged: malformed ELF file: the segment table");
        assertThatThrownBy(() -> kernels.resolve(KernelSpec.parse("file:/nowhere/vmlinuz"), Progress.NONE))
                .hasMessageContaining("no kernel image at /nowhere/vmlinuz");
    }

    @Test
    void aMachineWithoutDebianSaysWhatItCanDo() {
        assertThatThrownBy(() -> kernels.resolve(KernelSpec.parse("debian:7.2"), Progress.NONE))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("no Debian archive is configured in")
                .hasMessageContaining("file:");
    }

    @Test
    void anUnknownProfileNamesTheOnesThereAre() {
        assertThatThrownBy(() -> kernels.resolve(KernelSpec.parse("source:7.3+lokdep"), Progress.NONE))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("no profile 'lokdep'; there are kasan, lockdep, plain, selftests");
    }

    @Test
    void listsRemovesAndPrunes() throws Exception {
        Kernel one = image(TestImages.bzImage("7.3.4", TestImages.elf(true, "one", "")));
        Kernel two = image(TestImages.bzImage("7.3.5", TestImages.elf(true, "two", "")));
        Files.setLastModifiedTime(
                one.image().getParent(), FileTime.from(Instant.now().minusSeconds(100)));

        assertThat(kernels.cached()).extracting(Cache.Entry::key).containsExactly(one.key(), two.key());
        assertThat(kernels.prune(Duration.ofSeconds(50)))
                .extracting(Cache.Entry::key)
                .containsExactly(one.key());
        assertThat(kernels.cached()).extracting(Cache.Entry::key).containsExactly(two.key());
        assertThat(kernels.remove("7.9")).isFalse();
        assertThat(kernels.remove(two.key())).isTrue();
        assertThat(kernels.cached()).isEmpty();
        assertThat(two.image()).doesNotExist();
    }
}
