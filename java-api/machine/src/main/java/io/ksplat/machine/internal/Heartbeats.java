// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** Reads the agent's heartbeat page (native/src/beat.h) from outside, by its physical address. */
public final class Heartbeats {
    /** "ksplbeat", little-endian. */
    private static final long MAGIC = 0x74616562_6c70736bL;

    private static final int HEADER_BYTES = 64;
    private static final int PAGE_BYTES = 4096;
    private static final int SLOT_MIN = 24;
    private static final int ONLINE_AT = 20;

    private static final int VERSION = 1;

    private final VirtualMachine vm;
    private final Layout layout;

    public Heartbeats(VirtualMachine vm, long page, int cpus) throws IOException {
        this.vm = vm;
        this.layout = Layout.of(page, vm.readPhysical(page, HEADER_BYTES), cpus);
        if (layout.cpus() != cpus) {
            throw new MachineException("the machine has " + cpus + " CPUs online, and the highest is number "
                    + (layout.cpus() - 1) + ": ksplat gives a machine CPUs without holes");
        }
    }

    /**
     * Where the slots lie. The guest wrote it: nothing in it is believed.
     *
     * @param cpus the slots: one for each number up to that of the last CPU which was online at the start
     */
    public record Layout(long slots, int cpus, int slotBytes) {
        /**
         * Reads the page's header.
         *
         * @param cpus how many are online
         */
        public static Layout of(long page, byte[] bytes, int cpus) throws MachineException {
            ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            if (header.getLong() != MAGIC || header.getInt() != VERSION) {
                throw new MachineException("no heartbeat page at guest physical address 0x" + Long.toHexString(page)
                        + ": the agent and ksplat are not of one build");
            }
            int told = header.getInt();
            int slotBytes = header.getInt();
            int slotsAt = header.getInt();
            if (cpus < 1
                    // The numbers of those that are online may have holes.
                    || told < cpus
                    || slotBytes < SLOT_MIN
                    || slotsAt < HEADER_BYTES
                    || slotsAt + (long) told * slotBytes > PAGE_BYTES) {
                throw new MachineException("the heartbeat page's header makes no sense: " + told + " CPUs where " + cpus
                        + " are online, slots of " + slotBytes + " bytes at " + slotsAt);
            }
            return new Layout(page + slotsAt, told, slotBytes);
        }

        /** Returns the bytes of all slots. */
        public int bytes() {
            return cpus * slotBytes;
        }

        /** The latest of the second words of the slots; none before the first beat. */
        OptionalLong guestNanos(byte[] bytes) {
            ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            return LongStream.range(0, cpus)
                    .map(cpu -> page.getLong((int) cpu * slotBytes + Long.BYTES))
                    .filter(at -> at > 0)
                    .max();
        }

        /** The second word of each slot. */
        public long[] clocks(byte[] bytes) {
            ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            return LongStream.range(0, cpus)
                    .map(cpu -> page.getLong((int) cpu * slotBytes + Long.BYTES))
                    .toArray();
        }

        /** Whether each slot is that of a CPU which was online at the start. */
        public boolean[] online(byte[] bytes) {
            ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            boolean[] online = new boolean[cpus];
            for (int cpu = 0; cpu < cpus; cpu++) {
                online[cpu] = page.getInt(cpu * slotBytes + ONLINE_AT) != 0;
            }
            return online;
        }

        /** The first word of each slot. */
        public long[] beats(byte[] bytes) {
            ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            long[] beats = new long[cpus];
            for (int cpu = 0; cpu < cpus; cpu++) {
                beats[cpu] = page.getLong(cpu * slotBytes);
            }
            return beats;
        }
    }

    public int cpus() {
        return layout.cpus();
    }

    /** The guest's CLOCK_MONOTONIC at the last beat of any CPU. */
    public OptionalLong guestNanos() throws IOException {
        return layout.guestNanos(vm.readPhysical(layout.slots(), layout.bytes()));
    }

    /** How often each CPU's heart has beaten. */
    public long[] read() throws IOException {
        return layout.beats(vm.readPhysical(layout.slots(), layout.bytes()));
    }
}
