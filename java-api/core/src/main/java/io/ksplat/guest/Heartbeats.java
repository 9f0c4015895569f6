// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import io.ksplat.vm.MachineException;
import io.ksplat.vm.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads the agent's heartbeat page (native/src/beat.h) from outside, by its physical address. */
public final class Heartbeats {
    /** "ksplbeat", little-endian. */
    private static final long MAGIC = 0x74616562_6c70736bL;

    private static final int HEADER_BYTES = 64;
    private static final int PAGE_BYTES = 4096;

    private final VirtualMachine vm;
    private final int cpus;
    private final int slotBytes;
    private final long slots;

    Heartbeats(VirtualMachine vm, long page, int cpus) throws IOException {
        this.vm = vm;
        ByteBuffer header = ByteBuffer.wrap(vm.readPhysical(page, HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        if (header.getLong() != MAGIC) {
            throw new MachineException("no heartbeat page at guest physical address 0x" + Long.toHexString(page)
                    + ": the agent and ksplat are not of one build");
        }
        header.getInt();
        this.cpus = header.getInt();
        this.slotBytes = header.getInt();
        int slotsAt = header.getInt();
        this.slots = page + slotsAt;
        if (this.cpus != cpus || slotBytes < 16 || slotsAt < 0 || slotsAt + cpus * slotBytes > PAGE_BYTES) {
            throw new MachineException("the heartbeat page's header makes no sense: " + this.cpus + " CPUs, slots of "
                    + slotBytes + " bytes");
        }
    }

    public int cpus() {
        return cpus;
    }

    /** How often each CPU's heart has beaten. */
    public long[] read() throws IOException {
        ByteBuffer page =
                ByteBuffer.wrap(vm.readPhysical(slots, cpus * slotBytes)).order(ByteOrder.LITTLE_ENDIAN);
        long[] beats = new long[cpus];
        for (int cpu = 0; cpu < cpus; cpu++) {
            beats[cpu] = page.getLong(cpu * slotBytes);
        }
        return beats;
    }
}
