// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.Accelerator;
import java.nio.file.Path;
import java.util.List;

/**
 * Describes a machine.
 *
 * @param image a bzImage or an ELF vmlinux with the PVH note
 * @param virtio the bus of the virtio drivers that the kernel has built in
 * @param memoryMiB guest memory
 * @param nodes of NUMA, which the initramfs describes to the kernel: see {@link NodeTable}
 * @param bootParameters in addition to those that ksplat always passes
 * @param disks in the order of their names in the machine
 */
public record MachineConfig(
        Path image,
        Path initramfs,
        Virtio virtio,
        int cpus,
        int memoryMiB,
        int nodes,
        Accelerator accelerator,
        long hostTscKhz,
        List<String> bootParameters,
        List<Disk> disks) {
    public MachineConfig {
        bootParameters = List.copyOf(bootParameters);
        disks = List.copyOf(disks);
    }

    /** Describes a machine without disks, of one node. */
    public MachineConfig(
            Path image,
            Path initramfs,
            Virtio virtio,
            int cpus,
            int memoryMiB,
            Accelerator accelerator,
            long hostTscKhz,
            List<String> bootParameters) {
        this(image, initramfs, virtio, cpus, memoryMiB, 1, accelerator, hostTscKhz, bootParameters, List.of());
    }

    /**
     * Returns everything that a machine's saved state depends on, except the contents of the kernel's image and the initramfs:
     * equal texts mean equal machines.
     */
    public String identity() {
        return String.join("\n", QemuCommandLine.identity(this));
    }

    /** The bus of the virtio devices. */
    public enum Virtio {
        PCI,
        MMIO
    }
}
