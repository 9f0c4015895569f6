// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import java.util.List;
import java.util.Optional;

/**
 * What a scenario needs of its machine beside the kernel. Machines that differ in it have templates of their own.
 *
 * <pre>{@code
 * MachineNeeds needs = new MachineNeeds(4, 1024, List.of("tun"), Optional.empty(), List.of(64));
 * }</pre>
 *
 * @param cpus from 1 to {@link #MOST_CPUS}
 * @param modules of the kernel's package, loaded before anything runs, with those that they depend on
 * @param root the root file system that programs run in: {@code debian[:SUITE][+PACKAGE...]}, a folder, an archive or an image; empty: what
 *     the machine has itself
 * @param disksMiB sizes of empty disks
 */
public record MachineNeeds(
        int cpus, int memoryMiB, List<String> modules, Optional<String> root, List<Integer> disksMiB) {
    /** As many as most kernels are configured for. */
    public static final int MOST_CPUS = 64;

    /** What a machine has if nothing is asked for. */
    public static final MachineNeeds STANDARD = new MachineNeeds(2, 256, List.of(), Optional.empty(), List.of());

    private static final int LEAST_MEMORY_MIB = 128;
    private static final int MOST_MEMORY_MIB = 64 * 1024;
    private static final int MOST_DISKS = 8;
    private static final int MOST_DISK_MIB = 1024 * 1024;

    public MachineNeeds {
        modules = List.copyOf(modules);
        disksMiB = List.copyOf(disksMiB);
        check("CPUs", cpus, 1, MOST_CPUS, "");
        check("memory", memoryMiB, LEAST_MEMORY_MIB, MOST_MEMORY_MIB, " MiB");
        check("disks", disksMiB.size(), 0, MOST_DISKS, "");
        disksMiB.forEach(size -> check("a disk", size, 1, MOST_DISK_MIB, " MiB"));
    }

    private static void check(String what, int value, int least, int most, String unit) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": from " + least + " to " + most + unit + ", and not " + value + unit);
        }
    }
}
