// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import java.util.List;
import java.util.Optional;

/**
 * What a scenario needs of its machine beside the kernel. Machines that differ in it have templates of their own.
 *
 * <pre>{@code
 * MachineNeeds needs = new MachineNeeds(4, 1024);
 * }</pre>
 *
 * @param cpus from 1 to {@link #MOST_CPUS}
 * @param nodes of NUMA, from 1 to {@link #MOST_NODES}; CPUs and memory are shared out evenly
 * @param modules of the kernel's package, loaded before the scenario begins; with any of them, and with a root, the kernel gets every
 *     other one that it asks for, and {@link #ON_REQUEST} is that alone
 * @param root the root file system: {@code debian[:SUITE][+PACKAGE...]}, a folder, a tar archive or an image; empty: the agent's own
 * @param disksMiB the sizes of empty disks: /dev/vda is the first
 */
public record MachineNeeds(
        int cpus, int memoryMiB, int nodes, List<String> modules, Optional<String> root, List<Integer> disksMiB) {
    /** As many as most kernels are configured for. */
    public static final int MOST_CPUS = 64;

    /** The name of no module: those that the kernel asks for. */
    public static final String ON_REQUEST = "auto";

    /** What a machine has if nothing is asked for. */
    public static final MachineNeeds STANDARD = new MachineNeeds(2, 256);

    private static final int LEAST_MEMORY_MIB = 128;

    /** The most memory of a machine, in MiB. */
    public static final int MOST_MEMORY_MIB = 64 * 1024;

    /** The most NUMA nodes of a machine. */
    public static final int MOST_NODES = 16;

    /** So much the kernel takes for itself in each, and leaves a program something. */
    private static final int LEAST_NODE_MIB = 64;

    private static final int MOST_DISKS = 8;
    private static final int MOST_DISK_MIB = 1024 * 1024;

    public MachineNeeds {
        check("CPUs", cpus, 1, MOST_CPUS, "");
        check("memory", memoryMiB, LEAST_MEMORY_MIB, MOST_MEMORY_MIB, " MiB");
        check("nodes", nodes, 1, MOST_NODES, "");
        if (memoryMiB / nodes < LEAST_NODE_MIB) {
            throw new IllegalArgumentException("memory: a machine with " + nodes + " nodes has "
                    + nodes * LEAST_NODE_MIB + " MiB or more, and not " + memoryMiB + " MiB");
        }
        modules = List.copyOf(modules);
        disksMiB = List.copyOf(disksMiB);
        check("disks", disksMiB.size(), 0, MOST_DISKS, "");
        disksMiB.forEach(size -> check("disk", size, 1, MOST_DISK_MIB, " MiB"));
    }

    /** Makes the needs of a scenario that brings its own file system and asks for no modules. */
    public MachineNeeds(int cpus, int memoryMiB) {
        this(cpus, memoryMiB, 1, List.of(), Optional.empty(), List.of());
    }

    /** Returns whether nothing is needed but CPUs and memory, whatever their nodes. */
    public boolean isPlain() {
        return modules.isEmpty() && root.isEmpty() && disksMiB.isEmpty();
    }

    private static void check(String what, int value, int least, int most, String unit) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": from " + least + " to " + most + unit + ", and not " + value + unit);
        }
    }
}
