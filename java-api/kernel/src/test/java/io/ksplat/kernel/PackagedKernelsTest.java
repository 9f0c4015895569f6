// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.internal.build.BuildTools;
import io.ksplat.kernel.internal.image.TestImages;
import io.ksplat.kernel.internal.packages.TestPackages;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackagedKernelsTest {
    private static final String MODULES = "usr/lib/modules/6.16.1-arch1/";

    @TempDir
    Path folder;

    private Kernels kernels;

    @BeforeEach
    void ownCache() throws Exception {
        Files.createDirectory(folder.resolve("apt"));
        kernels = new Kernels(
                new Cache(folder.resolve("cache")), folder.resolve("apt"), List.of(), List.of(), BuildTools.chosen());
    }

    private Kernel resolve(Path path) throws Exception {
        return kernels.resolve(KernelSpec.parse("package:" + path), Progress.NONE);
    }

    private Path arch(String name, byte[] image) throws Exception {
        return TestPackages.arch(folder.resolve(name), tar -> TestPackages.file(tar, MODULES + "vmlinuz", image));
    }

    @Test
    void aPackageIsAKernelWithAKeyOfItsContent() throws Exception {
        byte[] image = TestImages.bzImage("6.16.1-arch1", TestImages.elf(true, "the types", ""));
        Path one = arch("one.pkg.tar.zst", image);

        Kernel kernel = resolve(one);

        assertThat(kernel.release()).isEqualTo("6.16.1-arch1");
        assertThat(kernel.key()).matches("6\\.16\\.1-arch1-[0-9a-f]{12}");
        assertThat(kernel.btf().orElseThrow()).hasContent("the types");
        assertThat(kernel.spec()).hasToString("package:" + one);
        assertThat(kernels.cached()).extracting(Cache.Entry::key).containsExactly(kernel.key());

        Path copy = Files.copy(one, folder.resolve("copy.pkg.tar.zst"));
        assertThat(resolve(copy).key()).isEqualTo(kernel.key());
        Path other = arch("other.pkg.tar.zst", TestImages.bzImage("6.16.1-arch1", TestImages.elf(true, "more", "")));
        assertThat(resolve(other).key()).isNotEqualTo(kernel.key());
    }

    @Test
    void aFolderHasThePackagesOfOneKernel() throws Exception {
        Path all = Files.createDirectory(folder.resolve("all"));
        TestPackages.arch(all.resolve("core.pkg.tar.zst"), tar -> {
            TestPackages.file(
                    tar, MODULES + "vmlinuz", TestImages.bzImage("6.16.1-arch1", TestImages.elf(true, "t", "")));
            TestPackages.file(tar, MODULES + "config", "CONFIG_VIRTIO_PCI=m\n");
        });
        TestPackages.arch(
                all.resolve("modules.pkg.tar.zst"),
                tar -> TestPackages.file(tar, MODULES + "kernel/drivers/virtio/virtio_pci.ko", "module"));
        Files.writeString(all.resolve("SHA256SUMS"), "no package");

        Kernel kernel = resolve(all);

        assertThat(kernel.virtioPci()).isFalse();
        assertThat(kernel.modules().orElseThrow().resolve("04-virtio_pci.ko")).hasContent("module");
    }

    @Test
    void theConfigurationIsInTheImageIfThePackageHasNone() throws Exception {
        for (boolean pvh : new boolean[] {true, false}) {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            packed.writeBytes("IKCFG_ST".getBytes(StandardCharsets.US_ASCII));
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write("CONFIG_VIRTIO_PCI=m\nCONFIG_X=y\n".getBytes(StandardCharsets.US_ASCII));
            }
            byte[] elf = TestImages.elf(pvh, "t", "");
            ByteArrayOutputStream vmlinux = new ByteArrayOutputStream();
            vmlinux.writeBytes(elf);
            vmlinux.writeBytes(packed.toByteArray());

            Kernel kernel = resolve(
                    arch("pvh-" + pvh + ".pkg.tar.zst", TestImages.bzImage("6.16.1-arch1", vmlinux.toByteArray())));

            assertThat(kernel.config().orElseThrow()).content().contains("CONFIG_X=y");
            assertThat(kernel.virtioPci()).isFalse();
            assertThat(kernel.btf().orElseThrow()).hasContent("t");
            assertThat(kernel.vmlinux().isPresent()).isEqualTo(pvh);
        }
    }

    @Test
    void whatIsNoKernelIsToldInOneLineAndLeavesNothing() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Path modules = TestPackages.arch(
                folder.resolve("modules.pkg.tar.zst"), tar -> TestPackages.file(tar, MODULES + "kernel/x.ko", "x"));
        Path noKernel = arch("no-kernel.pkg.tar.zst", new byte[4096]);

        assertThatThrownBy(() -> resolve(folder.resolve("nowhere.rpm"))).hasMessageContaining("no package at");
        assertThatThrownBy(() -> resolve(empty)).hasMessageContaining("no package in " + empty);
        assertThatThrownBy(() -> resolve(modules))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("no kernel image in " + modules)
                .hasMessageContaining("all packages of this one");
        assertThatThrownBy(() -> resolve(noKernel))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("is not a kernel image");
        assertThat(kernels.cached()).isEmpty();
    }
}
