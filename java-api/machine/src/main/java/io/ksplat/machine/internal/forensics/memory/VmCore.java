// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Converts QEMU's core file of a guest to one of its kernel, as kdump writes it: with the virtual addresses of the kernel's mapping and
 * of the direct mapping, and with the note that tells debuggers where the kernel's data is
 * (Documentation/admin-guide/kdump/vmcoreinfo.rst). QEMU adds the note only if a device and a driver in the guest pass it on, and the
 * addresses only if the guest's page tables can be trusted.
 */
public final class VmCore {
    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int ELF_HEADER_BYTES = 64;
    private static final int HEADERS_OFFSET = 32;
    private static final int HEADER_COUNT = 56;
    private static final int HEADER_BYTES = 56;
    private static final int PAGE = 4096;
    private static final byte[] NAME = "VMCOREINFO\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int NAME_LENGTH = 11;

    /** One page (VMCOREINFO_BYTES). */
    private static final int MOST_BYTES = 4096;

    /** arch/x86/include/asm/page_64_types.h: __START_KERNEL_map, and __PAGE_OFFSET_BASE_L4. */
    private static final long KERNEL_MAP = 0xffffffff80000000L;

    private static final long DIRECT_MAP = 0xffff888000000000L;

    private VmCore() {}

    /**
     * The virtual addresses of a kernel.
     *
     * @param direct the start of the direct mapping of all memory
     * @param text the start of the kernel
     * @param end the end of the kernel
     * @param physical the physical address of {@code text}
     */
    public record Layout(long direct, long text, long end, long physical) {
        public static Layout of(KernelData data) {
            long text = data.symbols().address("_text").orElse(KERNEL_MAP);
            return new Layout(
                    data.variable("page_offset_base").orElse(DIRECT_MAP),
                    text,
                    data.symbols().address("_end").orElse(text),
                    text - KERNEL_MAP + data.variable("phys_base").orElse(0));
        }
    }

    /** Returns the kernel's vmcoreinfo; of one without it (CONFIG_VMCORE_INFO), the most important entries. */
    public static byte[] info(KernelData data, String release) {
        OptionalLong start = data.variable("vmcoreinfo_data");
        OptionalLong size = data.variable("vmcoreinfo_size");
        if (start.isEmpty() || size.isEmpty() || size.getAsLong() <= 0 || size.getAsLong() > MOST_BYTES) {
            return shortInfo(data, release).getBytes(StandardCharsets.US_ASCII);
        }
        byte[] info = new byte[(int) size.getAsLong()];
        for (int i = 0; i < info.length; i++) {
            info[i] = (byte) data.unsignedByte(start.getAsLong() + i).orElse(0);
        }
        return info;
    }

    private static String shortInfo(KernelData data, String release) {
        StringBuilder info = new StringBuilder("OSRELEASE=" + release + "\nPAGESIZE=4096\n");
        for (String name : List.of("init_uts_ns", "_stext", "init_top_pgt")) {
            data.symbols()
                    .address(name)
                    .ifPresent(address -> info.append("SYMBOL(")
                            .append(name.equals("init_top_pgt") ? "swapper_pg_dir" : name)
                            .append(")=")
                            .append(Long.toHexString(address))
                            .append('\n'));
        }
        Layout layout = Layout.of(data);
        info.append("NUMBER(phys_base)=")
                .append(data.variable("phys_base").orElse(0))
                .append('\n');
        info.append("NUMBER(pgtable_l5_enabled)=0\n");
        // CONFIG_PHYSICAL_START is 16 MiB.
        info.append("KERNELOFFSET=").append(Long.toHexString(layout.text - KERNEL_MAP - (16 << 20)));
        return info.append('\n').toString();
    }

    /**
     * Writes a core file from QEMU's. The headers and notes come before all memory, because crash looks for them only at the
     * beginning of a file; memory begins at a page, as in kdump's files.
     */
    public static void write(Path qemus, Path core, Layout layout, byte[] info) throws IOException {
        try (FileChannel from = FileChannel.open(qemus, StandardOpenOption.READ);
                FileChannel to = FileChannel.open(
                        core,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            ByteBuffer elf = read(from, 0, ELF_HEADER_BYTES);
            int count = elf.getShort(HEADER_COUNT) & 0xffff;
            ByteBuffer table = read(from, elf.getLong(HEADERS_OFFSET), count * HEADER_BYTES);
            ByteBuffer notes = note(info);
            List<Segment> segments = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Segment segment = Segment.from(table.position(i * HEADER_BYTES));
                switch (segment.type) {
                    case PT_NOTE -> notes = together(read(from, segment.offset, (int) segment.size), notes);
                    case PT_LOAD -> {
                        segments.add(segment.at(layout.direct + segment.physical));
                        segment.part(layout.physical, layout.end - layout.text)
                                .ifPresent(kernel -> segments.add(kernel.at(layout.text)));
                    }
                    default -> segments.add(segment);
                }
            }
            long memory = segments.stream()
                    .mapToLong(Segment::offset)
                    .min()
                    .orElseThrow(() -> new MachineException("QEMU's core file has no memory: " + qemus));
            int notesAt = ELF_HEADER_BYTES + (segments.size() + 1) * HEADER_BYTES;
            long memoryAt = (long) notesAt + notes.capacity() + PAGE - 1 & -PAGE;
            ByteBuffer front = ByteBuffer.allocate((int) memoryAt).order(ByteOrder.LITTLE_ENDIAN);
            elf.putLong(HEADERS_OFFSET, ELF_HEADER_BYTES).putShort(HEADER_COUNT, (short) (segments.size() + 1));
            front.put(elf.rewind());
            new Segment(PT_NOTE, 0, notesAt, 0, 0, notes.capacity(), notes.capacity()).to(front);
            segments.forEach(segment -> segment.moved(memoryAt - memory).to(front));
            front.put(notes.rewind()).clear();
            while (front.hasRemaining()) {
                to.write(front);
            }
            for (long at = memory; at < from.size(); ) {
                at += from.transferTo(at, from.size() - at, to);
            }
        }
    }

    /** A program header (elf(5)). */
    private record Segment(int type, int flags, long offset, long address, long physical, long size, long memory) {
        static Segment from(ByteBuffer at) {
            int type = at.getInt();
            int flags = at.getInt();
            return new Segment(type, flags, at.getLong(), at.getLong(), at.getLong(), at.getLong(), at.getLong());
        }

        void to(ByteBuffer out) {
            out.putInt(type).putInt(flags).putLong(offset).putLong(address).putLong(physical);
            out.putLong(size).putLong(memory).putLong(0);
        }

        Segment at(long where) {
            return new Segment(type, flags, offset, where, physical, size, memory);
        }

        Segment moved(long by) {
            return new Segment(type, flags, offset + by, address, physical, size, memory);
        }

        /** Returns the part of a range of memory that begins in this segment and lies in it. */
        Optional<Segment> part(long start, long length) {
            if (start < physical || start >= physical + size || length <= 0) {
                return Optional.empty();
            }
            long taken = Math.min(length, physical + size - start);
            return Optional.of(new Segment(type, flags, offset + start - physical, address, start, taken, taken));
        }
    }

    private static ByteBuffer note(byte[] info) {
        return ByteBuffer.allocate(12 + NAME.length + (info.length + 3 & -4))
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(NAME_LENGTH)
                .putInt(info.length)
                .putInt(0)
                .put(NAME)
                .put(info)
                .rewind();
    }

    private static ByteBuffer together(ByteBuffer first, ByteBuffer second) {
        return ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first)
                .put(second)
                .rewind();
    }

    private static ByteBuffer read(FileChannel file, long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
                throw new MachineException("QEMU's core file ends at " + (at + bytes.position()));
            }
        }
        return bytes.flip();
    }
}
