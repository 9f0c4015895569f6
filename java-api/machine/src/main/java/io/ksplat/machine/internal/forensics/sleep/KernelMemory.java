// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.sleep;

import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The kernel's memory of a stopped machine, whatever its CPUs execute. With page table isolation a CPU that executes user code does
 * not map the kernel: its kernel's page tables are walked then, in physical memory (arch/x86/include/asm/pgtable_types.h).
 */
public final class KernelMemory implements GuestMemory {
    private static final int PAGE = 4096;

    /** PTI_USER_PGTABLE_BIT: the kernel's table lies before that for user code. The bits below hold the PCID. */
    private static final long KERNEL_TABLE = ~0x1fffL;

    /** PTE_PFN_MASK. */
    private static final long FRAME = 0x000ffffffffff000L;

    /** _PAGE_PRESENT, and _PAGE_PSE: the entry maps a large page. */
    private static final long PRESENT = 1;

    private static final long LARGE = 0x80;

    /** Each level of the tables translates so many bits. */
    private static final int BITS = 9;

    private static final int ENTRIES = 1 << BITS;

    private final GdbStub gdb;
    private final int cpu;
    /** The kernel's table if no CPU maps the kernel. */
    private final OptionalLong top;

    private final Map<Long, Optional<Long>> entries = new HashMap<>();

    private KernelMemory(GdbStub gdb, int cpu, OptionalLong top) {
        this.gdb = gdb;
        this.cpu = cpu;
        this.top = top;
    }

    /**
     * Finds out how to read it.
     *
     * @throws MachineException if it cannot be read
     */
    public static KernelMemory of(GdbStub gdb, Symbols symbols, int cpus) throws IOException {
        OptionalLong known = symbols.address("init_task");
        if (known.isEmpty()) {
            throw new MachineException("the kernel's symbols have no init_task");
        }
        List<GdbStub.Range> some = List.of(new GdbStub.Range(known.getAsLong(), Long.BYTES));
        for (int cpu = 0; cpu < cpus; cpu++) {
            if (gdb.read(cpu, some).get(0).isPresent()) {
                return new KernelMemory(gdb, cpu, OptionalLong.empty());
            }
        }
        KernelMemory walked = new KernelMemory(gdb, 0, OptionalLong.of(gdb.pageTable(0) & KERNEL_TABLE));
        if (walked.read(some).get(0).isEmpty()) {
            throw new MachineException("no CPU's page tables map the kernel");
        }
        return walked;
    }

    /** Reads several ranges at once; empty if one is not mapped. */
    List<Optional<byte[]>> read(List<GdbStub.Range> ranges) throws IOException {
        if (top.isEmpty()) {
            return gdb.read(cpu, ranges);
        }
        List<GdbStub.Range> pieces = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        boolean[] mapped = new boolean[ranges.size()];
        for (int i = 0; i < ranges.size(); i++) {
            mapped[i] = translate(ranges.get(i), pieces, owners, i);
        }
        List<Optional<byte[]>> read = gdb.readPhysical(pieces);
        ByteBuffer[] whole = new ByteBuffer[ranges.size()];
        for (int i = 0; i < pieces.size(); i++) {
            int owner = owners.get(i);
            if (whole[owner] == null) {
                whole[owner] = ByteBuffer.allocate(ranges.get(owner).length());
            }
            if (read.get(i).isPresent()) {
                whole[owner].put(read.get(i).get());
            }
        }
        List<Optional<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < ranges.size(); i++) {
            answers.add(
                    mapped[i] && whole[i] != null && !whole[i].hasRemaining()
                            ? Optional.of(whole[i].array())
                            : Optional.empty());
        }
        return answers;
    }

    private boolean translate(GdbStub.Range range, List<GdbStub.Range> pieces, List<Integer> owners, int owner)
            throws IOException {
        for (int done = 0; done < range.length(); ) {
            long address = range.address() + done;
            int length = Math.min(range.length() - done, PAGE - (int) (address & (PAGE - 1)));
            Optional<Long> physical = physical(address);
            if (physical.isEmpty()) {
                return false;
            }
            pieces.add(new GdbStub.Range(physical.get(), length));
            owners.add(owner);
            done += length;
        }
        return true;
    }

    /** Walks four levels of tables: QEMU's CPU models have no more. */
    private Optional<Long> physical(long address) throws IOException {
        long table = top.orElseThrow();
        for (int level = 3; level >= 0; level--) {
            int shift = 12 + level * BITS;
            Optional<Long> entry = entry(table + (address >>> shift & ENTRIES - 1) * Long.BYTES);
            if (entry.isEmpty() || (entry.get() & PRESENT) == 0) {
                return Optional.empty();
            }
            if (level == 0 || (entry.get() & LARGE) != 0) {
                long within = (1L << shift) - 1;
                return Optional.of(entry.get() & FRAME & ~within | address & within);
            }
            table = entry.get() & FRAME;
        }
        return Optional.empty();
    }

    private Optional<Long> entry(long at) throws IOException {
        Optional<Long> known = entries.get(at);
        if (known == null) {
            known = gdb.readPhysical(List.of(new GdbStub.Range(at, Long.BYTES)))
                    .get(0)
                    .map(bytes -> ByteBuffer.wrap(bytes)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong());
            entries.put(at, known);
        }
        return known;
    }

    @Override
    public byte[] read(long address, int length) throws IOException {
        List<GdbStub.Range> parts = new ArrayList<>();
        for (int done = 0; done < length; done += GdbStub.MOST_BYTES) {
            parts.add(new GdbStub.Range(address + done, Math.min(GdbStub.MOST_BYTES, length - done)));
        }
        ByteBuffer whole = ByteBuffer.allocate(length);
        for (Optional<byte[]> part : read(parts)) {
            whole.put(part.orElseThrow(
                    () -> new MachineException("cannot read guest address 0x" + Long.toHexString(address))));
        }
        return whole.array();
    }
}
