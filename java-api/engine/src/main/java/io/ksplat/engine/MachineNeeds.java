// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

/**
 * What a scenario needs of its machine beside the kernel. Machines that differ in it have templates of their own.
 *
 * <pre>{@code
 * MachineNeeds needs = new MachineNeeds(4, 1024);
 * }</pre>
 *
 * @param cpus from 1 to {@link #MOST_CPUS}
 */
public record MachineNeeds(int cpus, int memoryMiB) {
    /** As many as most kernels are configured for. */
    public static final int MOST_CPUS = 64;

    /** What a machine has if nothing is asked for. */
    public static final MachineNeeds STANDARD = new MachineNeeds(2, 256);

    private static final int LEAST_MEMORY_MIB = 128;
    private static final int MOST_MEMORY_MIB = 64 * 1024;

    public MachineNeeds {
        check("CPUs", cpus, 1, MOST_CPUS, "");
        check("memory", memoryMiB, LEAST_MEMORY_MIB, MOST_MEMORY_MIB, " MiB");
    }

    private static void check(String what, int value, int least, int most, String unit) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": from " + least + " to " + most + unit + ", and not " + value + unit);
        }
    }
}
