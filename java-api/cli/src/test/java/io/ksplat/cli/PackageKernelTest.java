// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kernels from packages, which the distribution's own tools make of kernels that are there. They boot and deadlock as the kernels do that
 * they were made of.
 */
@Tag("machine")
@Tag("network")
@Tag("full")
class PackageKernelTest {
    /** The kernel with virtio in modules. It has no kfuncs that tasks are released with. */
    private static final String MODULAR = "debian:6.1";

    private static final String BUILT_IN = "debian:7.2";

    @TempDir
    Path folder;

    private static Kernel kernel(String spec) throws Exception {
        return new Kernels(Cache.standard()).resolve(KernelSpec.parse(spec), Progress.NONE);
    }

    private void run(String... command) throws Exception {
        HeldProcess ended = HeldProcess.run(folder, Duration.ofMinutes(5), command);
        assertThat(ended.status())
                .as(String.join(" ", command) + ": " + ended.output())
                .isZero();
    }

    /** Lays a kernel out as it is installed; modules lie where they lie in a kernel's tree. */
    private Path tree(String name, Kernel kernel, String image, boolean config) throws Exception {
        Path root = folder.resolve(name);
        Path modules = Files.createDirectories(root.resolve("usr/lib/modules").resolve(kernel.release()));
        Path installed = root.resolve(String.format(image, kernel.release()));
        Files.createDirectories(installed.getParent());
        Files.copy(kernel.image(), installed);
        if (config) {
            Files.copy(kernel.config().orElseThrow(), modules.resolve("config"));
        }
        return root;
    }

    /** Returns how many there are. */
    private int modules(Path root, Kernel kernel, String... compressor) throws Exception {
        Path drivers = root.resolve("usr/lib/modules").resolve(kernel.release()).resolve("kernel/drivers");
        List<Path> all;
        try (Stream<Path> files = Files.list(kernel.modules().orElseThrow())) {
            all = files.sorted().toList();
        }
        for (Path module : all) {
            String name = module.getFileName().toString().substring(3);
            Path to = drivers.resolve(name.equals("virtio_console.ko") ? "char" : "virtio")
                    .resolve(name);
            Files.createDirectories(to.getParent());
            Files.copy(module, to);
            run(Stream.concat(Stream.of(compressor), Stream.of(to.toString())).toArray(String[]::new));
        }
        return all.size();
    }

    private void assertVerdict(String reproducer, String verdict, Path path, String release) throws Exception {
        Ksplat ksplat = Ksplat.run(
                Files.createTempDirectory(folder, "run"), Map.of(), "run", reproducer, "--kernel", "package:" + path);

        assertThat(ksplat.onlyRun().path("verdict").asText())
                .as(ksplat.out() + ksplat.err())
                .isEqualTo(verdict);
        assertThat(ksplat.onlyRun().path("kernel").path("release").asText()).isEqualTo(release);
        assertThat(ksplat.onlyRun().path("kernel").path("spec").asText())
                .startsWith("package:")
                .endsWith("/" + path.getFileName());
    }

    private void rpm(String name, Path tree, Path into) throws Exception {
        Path spec = Files.writeString(folder.resolve(name + ".spec"), """
                Name: %1$s
                Version: 1
                Release: 1
                Summary: a kernel
                License: GPL-2.0-only
                BuildArch: x86_64
                AutoReqProv: no
                %%description
                A kernel.
                %%install
                cp -a %2$s/. %%{buildroot}/
                %%files
                /usr/lib/modules
                """.formatted(name, tree));
        // As Fedora compresses them.
        run(
                "rpmbuild",
                "-bb",
                "--define",
                "_topdir " + folder.resolve("rpm"),
                "--define",
                "_rpmdir " + into,
                "--define",
                "_rpmfilename %%{NAME}.rpm",
                "--define",
                "_binary_payload w19.zstdio",
                "--define",
                "__os_install_post %{nil}",
                spec.toString());
    }

    /** As Fedora splits them: the image and the configuration in one, the modules in another. */
    @Test
    void aFolderOfRpmsWithVirtioInModules() throws Exception {
        Kernel kernel = kernel(MODULAR);
        Path all = Files.createDirectory(folder.resolve("packages"));
        rpm("kernel-core", tree("core", kernel, "usr/lib/modules/%s/vmlinuz", true), all);
        Path tree = Files.createDirectories(folder.resolve("modules"));
        assertThat(modules(tree, kernel, "xz", "--check=crc32")).isGreaterThan(3);
        rpm("kernel-modules", tree, all);

        assertVerdict("map-reentry/queue", "DEADLOCK", all, kernel.release());
        assertVerdict("map-reentry/queue-other-map", "CLEAN", all, kernel.release());
    }

    @Test
    void aDebWithVirtioInModules() throws Exception {
        Kernel kernel = kernel(MODULAR);
        Path tree = tree("tree", kernel, "boot/vmlinuz-%s", true);
        assertThat(modules(tree, kernel, "true")).isGreaterThan(3);
        Files.writeString(
                Files.createDirectories(tree.resolve("DEBIAN")).resolve("control"),
                "Package: linux-image\nVersion: 1\nArchitecture: amd64\nMaintainer: a <a@example.org>\nDescription: d\n");
        Path deb = folder.resolve("linux-image_1_amd64.deb");
        run("dpkg-deb", "--root-owner-group", "-Zzstd", "-b", tree.toString(), deb.toString());

        assertVerdict("map-reentry/queue", "DEADLOCK", deb, kernel.release());
    }

    /** Virtio is built in, and the package has no configuration. */
    @Test
    void anArchPackage() throws Exception {
        Kernel kernel = kernel(BUILT_IN);
        Path tree = tree("tree", kernel, "usr/lib/modules/%s/vmlinuz", false);
        Files.writeString(tree.resolve(".PKGINFO"), "pkgname = linux\npkgver = 7.2-1\narch = x86_64\n");
        Files.writeString(tree.resolve(".MTREE"), "#mtree\n");
        Path file = folder.resolve("linux-7.2-1-x86_64.pkg.tar.zst");
        run(
                "tar",
                "-C",
                tree.toString(),
                "-I",
                "zstd -3 --long=25",
                "-cf",
                file.toString(),
                ".PKGINFO",
                ".MTREE",
                "usr");

        assertVerdict("nmi-task-kptr", "DEADLOCK", file, kernel.release());
        assertVerdict("nmi-cpumask-kptr", "CLEAN", file, kernel.release());
    }
}
