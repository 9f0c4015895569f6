// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Makes the table that tells a kernel which CPUs and which memory belong to which NUMA node: the System Resource Affinity Table of the ACPI
 * specification. QEMU makes none for a microvm, and numa=fake needs CONFIG_NUMA_EMU, which Debian's kernels do not have.
 */
public final class NodeTable {
    /** Where QEMU ends a microvm's memory below 4 GiB (hw/i386/microvm.c); the rest begins at 4 GiB. */
    private static final long LOW_MIB = 3 * 1024;

    private static final long HIGH_MIB = 4 * 1024;

    private static final int HEADER = 36;
    private static final int RESERVED = 12;
    private static final int CPU = 16;
    private static final int MEMORY = 40;
    private static final int REVISION = 3;
    private static final int AT_CHECKSUM = 9;
    private static final int ENABLED = 1;

    private NodeTable() {}

    /** Returns it for a machine whose CPUs and memory are shared out evenly. */
    public static byte[] of(int cpus, int memoryMiB, int nodes) {
        int length = HEADER + RESERVED + cpus * CPU + nodes * MEMORY;
        ByteBuffer table = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        table.put(ascii("SRAT")).putInt(length).put((byte) REVISION).put((byte) 0);
        table.put(ascii("KSPLAT")).put(ascii("NODES   ")).putInt(1);
        table.put(ascii("KSPL")).putInt(1);
        table.putInt(1).putLong(0);
        for (int cpu = 0; cpu < cpus; cpu++) {
            // QEMU numbers the APICs as the CPUs: one socket, and one thread a core.
            table.put((byte) 0).put((byte) CPU).put((byte) (cpu * nodes / cpus)).put((byte) cpu);
            table.putInt(ENABLED).putLong(0);
        }
        for (int node = 0; node < nodes; node++) {
            long start = address((long) memoryMiB * node / nodes);
            long end = address((long) memoryMiB * (node + 1) / nodes);
            table.put((byte) 1).put((byte) MEMORY).putInt(node).putShort((short) 0);
            table.putLong(start << 20).putLong(end - start << 20);
            table.putInt(0).putInt(ENABLED).putLong(0);
        }
        byte[] bytes = table.array();
        int sum = 0;
        for (byte one : bytes) {
            sum += one;
        }
        bytes[AT_CHECKSUM] = (byte) -sum;
        return bytes;
    }

    /** Returns the address of a MiB of the memory, in MiB; the gap belongs to the node that it lies in. */
    private static long address(long mib) {
        return mib <= LOW_MIB ? mib : mib - LOW_MIB + HIGH_MIB;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
