// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A disk of a machine.
 *
 * @param drive QEMU's options of what is on it
 * @param serial tells the agent what it is for, and names it in QEMU
 * @param digest differs if the content does
 * @param file what the machine reads
 * @param scratchMiB how much it can write
 */
public record Disk(String drive, String serial, String digest, Optional<Path> file, int scratchMiB) {
    /** Makes a disk that the machine only reads: any number of machines may read one file. */
    public static Disk readOnly(Path file, String serial, String digest) {
        return new Disk(
                "format=raw,readonly=on,file=" + QemuCommandLine.escaped(file), serial, digest, Optional.of(file), 0);
    }

    /** Makes an empty disk. What the machine writes to it lies in a file of its folder that has no name, and ends with QEMU. */
    public static Disk scratch(int mebibytes, String serial) {
        return new Disk(
                "driver=raw,snapshot=on,file.driver=null-co,file.read-zeroes=on,file.size=" + ((long) mebibytes << 20),
                serial,
                mebibytes + " MiB",
                Optional.empty(),
                mebibytes);
    }

    List<String> words(MachineConfig.Virtio virtio) {
        String device = switch (virtio) {
            case PCI -> "virtio-blk-pci";
            case MMIO -> "virtio-blk-device";
        };
        return List.of(
                "-drive", "if=none,id=" + serial + "," + drive,
                "-device", device + ",drive=" + serial + ",serial=" + serial);
    }
}
