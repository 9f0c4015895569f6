// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import io.ksplat.vm.MachineException;
import io.ksplat.vm.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads the agent's heartbeat page (native/src/beat.h) from outside, by its physical address. */
public final class Heartbeats {
    /** "KSPLATHB", little-endian. */
    private static final long MAGIC = 0x42485441_4c50534bL;

    private static final int HEADER_BYTES = 64;

    private final VirtualMachine vm;
    private final long page;
    private final int cpus;
    private final int slotBytes;

    Heartbeats(VirtualMachine vm, long page, int cpus) throws IOException {
        this.vm = vm;
        this.page = page;
        ByteBuffer header = ByteBuffer.wrap(vm.readPhysical(page, HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        if (header.getLong() != MAGIC) {
            throw new MachineException("no heartbeat page at guest physical address 0x" + Long.toHexString(page)
                    + ": the agent and ksplat are not of one build");
        }
        header.getInt();
        this.cpus = header.getInt();
        this.slotBytes = header.getInt();
        if (this.cpus != cpus || slotBytes < 16 || HEADER_BYTES + cpus * slotBytes > 4096) {
            throw new MachineException("the heartbeat page's header makes no sense: " + this.cpus + " CPUs, slots of "
                    + slotBytes + " bytes");
        }
    }

    public int cpus() {
        return cpus;
    }

    /** How often each CPU's heart has beaten. */
    public long[] read() throws IOException {
        ByteBuffer slots = ByteBuffer.wrap(vm.readPhysical(page + HEADER_BYTES, cpus * slotBytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        long[] beats = new long[cpus];
        for (int cpu = 0; cpu < cpus; cpu++) {
            beats[cpu] = slots.getLong(cpu * slotBytes);
        }
        return beats;
    }
}
