// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.kernel.internal.rootfs.ModuleFiles;
import io.ksplat.machine.internal.qemu.Disk;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a machine has beside CPUs and memory.
 *
 * @param nodes of NUMA, over which CPUs and memory are shared out
 * @param modules of its kernel, loaded at its boot in their order
 * @param modprobe a static busybox, for modules that the kernel asks for later
 * @param disks in the order of their names in the machine
 */
public record MachineParts(int nodes, List<ModuleFiles.Module> modules, Optional<Path> modprobe, List<Disk> disks) {
    /** Nothing. */
    public static final MachineParts NONE = new MachineParts(1, List.of(), Optional.empty(), List.of());

    public MachineParts {
        modules = List.copyOf(modules);
        disks = List.copyOf(disks);
    }

    /** Returns these in a machine with so many nodes. */
    public MachineParts withNodes(int count) {
        return new MachineParts(count, modules, modprobe, disks);
    }
}
