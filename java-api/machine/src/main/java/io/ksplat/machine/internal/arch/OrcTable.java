// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.kernel.internal.Elf;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The unwind table that objtool builds into a kernel (Documentation/arch/x86/orc-unwinder.rst). Its addresses are relative to its
 * own, so one table serves every boot of an image, wherever KASLR puts it. Immutable.
 */
public final class OrcTable {
    /** The version of the format that {@link #store} writes: make it part of the key of a cache. */
    public static final int FORMAT = 0x6b73_6f31;

    private static final int MAGIC = FORMAT;
    private static final int HEADER_BYTES = 12;

    /** 32 million: ten times the entries of a big kernel with everything built in. */
    private static final int MOST_ENTRIES = 1 << 25;

    private static final String IP_START = "__start_orc_unwind_ip";

    private final OrcFormat format;

    /** Where each entry's code begins, in bytes from the start of the table, ascending. */
    private final int[] starts;

    private final byte[] entries;

    private OrcTable(OrcFormat format, int[] starts, byte[] entries) {
        this.format = format;
        this.starts = starts;
        this.entries = entries;
    }

    /**
     * Makes a table from the kernel's two sections.
     *
     * @param ips {@code .orc_unwind_ip}: 32-bit offsets, each relative to its own address
     * @param entries {@code .orc_unwind}: six bytes each
     * @throws IOException if they have no known layout
     */
    public static OrcTable of(byte[] ips, byte[] entries) throws IOException {
        int count = ips.length / Integer.BYTES;
        if (count == 0 || entries.length != count * OrcFormat.ENTRY_BYTES) {
            throw new IOException("cannot read the ORC table: " + ips.length + " bytes of addresses do not match "
                    + entries.length + " bytes of entries: this kernel cannot be unwound");
        }
        int[] starts = new int[count];
        ByteBuffer.wrap(ips).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(starts);
        for (int i = 0; i < count; i++) {
            starts[i] += i * Integer.BYTES;
            if (i > 0 && starts[i] < starts[i - 1]) {
                throw new IOException("cannot read the ORC table: entry " + i + " of " + count
                        + " is out of order: this kernel cannot be unwound");
            }
        }
        OrcFormat format = OrcFormat.of(entries)
                .orElseThrow(() -> new IOException("cannot read the ORC table: its " + count
                        + " entries have no known layout: this kernel cannot be unwound"));
        return new OrcTable(format, starts, entries);
    }

    /**
     * Reads the table of a running kernel: a few megabytes, in two reads.
     *
     * @throws IOException if the kernel has none (it was built with another unwinder), or memory cannot be read
     */
    public static OrcTable read(GuestMemory memory, Symbols symbols) throws IOException {
        byte[] ips = between(memory, symbols, IP_START, "__stop_orc_unwind_ip");
        return of(ips, between(memory, symbols, "__start_orc_unwind", "__stop_orc_unwind"));
    }

    private static byte[] between(GuestMemory memory, Symbols symbols, String from, String to) throws IOException {
        OptionalLong start = symbols.address(from);
        OptionalLong stop = symbols.address(to);
        if (start.isEmpty() || stop.isEmpty()) {
            throw new IOException("cannot read the ORC table: no symbol " + (start.isEmpty() ? from : to)
                    + ": the kernel needs CONFIG_UNWINDER_ORC and CONFIG_KALLSYMS_ALL");
        }
        long length = stop.getAsLong() - start.getAsLong();
        if (length <= 0 || length > (long) MOST_ENTRIES * OrcFormat.ENTRY_BYTES) {
            throw new IOException("cannot read the ORC table: " + from + " to " + to + " are " + length
                    + " bytes: the symbols are not this kernel's");
        }
        return memory.read(start.getAsLong(), (int) length);
    }

    /**
     * Reads the table from an uncompressed kernel, without booting it.
     *
     * @param vmlinux an ELF file; it may be stripped
     * @throws IOException if it is not one, or has no {@code .orc_unwind} section
     */
    public static OrcTable ofVmlinux(Path vmlinux) throws IOException {
        try (FileChannel file = FileChannel.open(vmlinux)) {
            Optional<Elf> elf = Elf.of(file);
            Optional<byte[]> ips = elf.isPresent() ? elf.get().section(".orc_unwind_ip") : Optional.empty();
            Optional<byte[]> entries = elf.isPresent() ? elf.get().section(".orc_unwind") : Optional.empty();
            if (ips.isEmpty() || entries.isEmpty()) {
                throw new IOException(
                        "cannot read the ORC table of " + vmlinux + ": no .orc_unwind section: give an uncompressed"
                                + " x86-64 vmlinux built with CONFIG_UNWINDER_ORC");
            }
            return of(ips.get(), entries.get());
        }
    }

    /** Writes the file that {@link #load} reads. A half-written file is never visible as {@code file}. */
    public void store(Path file) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + starts.length * Integer.BYTES + entries.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC).putInt(format.code).putInt(starts.length);
        out.asIntBuffer().put(starts);
        out.position(out.position() + starts.length * Integer.BYTES).put(entries);
        Path partial =
                Files.createTempFile(file.toAbsolutePath().getParent(), String.valueOf(file.getFileName()), ".part");
        try {
            Files.write(partial, out.array());
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * Loads a file that {@link #store} wrote.
     *
     * @throws IOException if the file is unreadable, damaged or of another version: read the table again
     */
    public static OrcTable load(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() >= HEADER_BYTES && in.getInt() == MAGIC) {
            Optional<OrcFormat> format = OrcFormat.ofCode(in.getInt());
            int count = in.getInt();
            if (format.isPresent()
                    && count > 0
                    && in.remaining() == (long) count * (Integer.BYTES + OrcFormat.ENTRY_BYTES)) {
                int[] starts = new int[count];
                in.asIntBuffer().get(starts);
                in.position(in.position() + count * Integer.BYTES);
                byte[] entries = new byte[in.remaining()];
                in.get(entries);
                return new OrcTable(format.get(), starts, entries);
            }
        }
        throw new IOException("cannot load the ORC table " + file + ": damaged or of another version: delete it");
    }

    /** Returns where the table is in a kernel with these symbols. */
    public static OptionalLong base(Symbols symbols) {
        return symbols.address(IP_START);
    }

    public OrcFormat format() {
        return format;
    }

    public int size() {
        return starts.length;
    }

    /** Returns the last entry at or before {@code ip}; of several at one address the last one, as the kernel does. */
    Optional<OrcEntry> find(long ip, long base) {
        int index = index(ip - base);
        return index < 0 ? Optional.empty() : Optional.of(format.decode(entries, index));
    }

    private int index(long offset) {
        int low = 0;
        int high = starts.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (starts[middle] <= offset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
