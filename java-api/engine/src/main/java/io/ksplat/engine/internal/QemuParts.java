// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.KernelLacksException;
import io.ksplat.engine.MachineNeeds;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.build.TestModules;
import io.ksplat.kernel.internal.debian.Busybox;
import io.ksplat.kernel.internal.image.KernelConfig;
import io.ksplat.kernel.internal.rootfs.DiskImage;
import io.ksplat.kernel.internal.rootfs.KernelModules;
import io.ksplat.kernel.internal.rootfs.ModuleFiles;
import io.ksplat.kernel.internal.rootfs.RootImages;
import io.ksplat.kernel.internal.rootfs.RootSpec;
import io.ksplat.machine.internal.MachineParts;
import io.ksplat.machine.internal.qemu.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Turns what a scenario needs of its machine into disks, and into modules for them. */
public final class QemuParts {
    private static final String ROOT = "ksplat-root";
    private static final String MODULES = "ksplat-modules";
    private static final String SQUASHFS = "squashfs";

    /** What a kernel must be able to do for disks: its module, and the option that builds it in. */
    private static final Map<String, String> DRIVERS = Map.of(
            "virtio_blk",
            "VIRTIO_BLK",
            "overlay",
            "OVERLAY_FS",
            SQUASHFS,
            "SQUASHFS",
            "erofs",
            "EROFS_FS",
            "ext4",
            "EXT4_FS");

    /** What a kernel must have to read the table that describes nodes, and to take it from an initramfs. */
    private static final List<String> NODES = List.of("NUMA", "ACPI_NUMA", "ACPI_TABLE_UPGRADE");

    private final Kernel kernel;
    private final Cache cache;
    private final Progress progress;

    public QemuParts(Kernel kernel, Cache cache, Progress progress) {
        this.kernel = kernel;
        this.cache = cache;
        this.progress = progress;
    }

    /**
     * Returns them, with what has to be fetched or made for them.
     *
     * @throws KernelLacksException if the kernel has no such module, or cannot use such a disk
     * @throws IOException in one line, if something cannot be fetched or made
     */
    MachineParts of(MachineNeeds needs) throws IOException, InterruptedException {
        List<String> wanted = new ArrayList<>(needs.modules());
        boolean onRequest = !wanted.isEmpty() || needs.root().isPresent();
        wanted.removeIf(MachineNeeds.ON_REQUEST::equals);
        try {
            Optional<DiskImage> root = needs.root().isPresent()
                    ? Optional.of(RootImages.of(RootSpec.parse(needs.root().get()), cache, progress))
                    : Optional.empty();
            return parts(needs, wanted, onRequest, root);
        } catch (ModuleFiles.UnknownModuleException e) {
            throw new KernelLacksException(e.lacks(), 0, "");
        } catch (KernelException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Checks that a kernel takes a description of nodes; one whose configuration is not known is asked when it runs.
     *
     * @throws KernelLacksException if it does not
     */
    static void requireNodes(Kernel kernel) throws IOException {
        if (kernel.config().isEmpty()) {
            return;
        }
        KernelConfig config =
                KernelConfig.parse(Files.readString(kernel.config().get()));
        List<String> missing =
                NODES.stream().filter(option -> !config.builtIn(option)).toList();
        if (!missing.isEmpty()) {
            throw new KernelLacksException(
                    "NUMA nodes: it was built without CONFIG_" + String.join(", CONFIG_", missing)
                            + " (Debian's kernels have them; see `ksplat help kernels` for options of a built one)",
                    0,
                    "");
        }
    }

    /**
     * Returns those of a machine with a root file system.
     *
     * @throws IOException in one line, if it cannot be made, or the kernel cannot use it
     */
    public MachineParts ofRoot(String root) throws IOException, InterruptedException {
        MachineNeeds standard = MachineNeeds.STANDARD;
        try {
            return of(new MachineNeeds(
                    standard.cpus(), standard.memoryMiB(), 1, List.of(), Optional.of(root), List.of()));
        } catch (KernelLacksException e) {
            throw new IOException(kernel.release() + " has no " + e.lacks() + ": name another kernel", e);
        }
    }

    private MachineParts parts(MachineNeeds needs, List<String> wanted, boolean onRequest, Optional<DiskImage> root)
            throws IOException, InterruptedException, KernelException {
        List<ModuleFiles.Module> ofTests = new ArrayList<>();
        for (TestModules.TestModule module : TestModules.of(kernel)) {
            if (wanted.remove(module.name())) {
                ofTests.add(new ModuleFiles.Module(module.name(), module.file()));
            }
        }
        List<String> drivers = new ArrayList<>(List.of("virtio_blk"));
        root.ifPresent(image -> drivers.addAll(List.of("overlay", image.type())));
        if (onRequest && KernelModules.has(kernel)) {
            drivers.add(SQUASHFS);
        }
        drivers.removeIf(builtIn()::contains);
        List<Disk> disks = new ArrayList<>();
        for (int size : needs.disksMiB()) {
            disks.add(Disk.scratch(size, "disk" + disks.size()));
        }
        root.ifPresent(image -> disks.add(Disk.readOnly(image.file(), ROOT, image.digest())));
        if (!KernelModules.has(kernel)) {
            // What is not built in cannot be had.
            if (!disks.isEmpty()) {
                wanted.addAll(drivers);
            }
            if (!wanted.isEmpty()) {
                throw new KernelLacksException(
                        "module " + wanted.get(0)
                                + " (modules come with debian: and package: kernels; this one has what is"
                                + " built in, see `ksplat help kernels` for its options)",
                        0,
                        "");
            }
            return new MachineParts(1, ofTests, Optional.empty(), disks);
        }
        ModuleFiles files = KernelModules.of(kernel, cache, progress);
        drivers.addAll(wanted);
        List<ModuleFiles.Module> modules = new ArrayList<>(files.inOrder(drivers));
        modules.addAll(ofTests);
        if (!onRequest) {
            return new MachineParts(1, modules, Optional.empty(), disks);
        }
        DiskImage all = files.image();
        disks.add(Disk.readOnly(all.file(), MODULES, all.digest()));
        return new MachineParts(1, modules, Optional.of(Busybox.find(cache, progress)), disks);
    }

    private List<String> builtIn() throws IOException {
        if (kernel.config().isEmpty()) {
            return List.of();
        }
        KernelConfig config =
                KernelConfig.parse(Files.readString(kernel.config().get()));
        return DRIVERS.entrySet().stream()
                .filter(driver -> config.builtIn(driver.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }
}
