// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.machine.Accelerator;
import java.nio.file.Path;
import java.util.List;

/**
 * What a machine is made of.
 *
 * @param image a bzImage or an ELF vmlinux with the PVH note
 * @param virtio the bus on which the kernel has its virtio drivers built in
 * @param memoryMiB guest memory
 * @param bootParameters beyond those that ksplat always gives
 */
public record MachineConfig(
        Path image,
        Path initramfs,
        Virtio virtio,
        int cpus,
        int memoryMiB,
        Accelerator accelerator,
        long hostTscKhz,
        List<String> bootParameters) {
    public MachineConfig {
        bootParameters = List.copyOf(bootParameters);
    }

    /**
     * All of it that a machine's saved state depends on, but for what is in the kernel's image and the initramfs: equal texts, equal
     * machines.
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
