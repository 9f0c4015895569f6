// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A 64-bit little-endian ELF file (elf(5)). Each method reads only what it needs, so a file may be larger than memory. Every offset and
 * size is checked before it is used: a file may be cut or hostile.
 */
public final class Elf {
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64_LITTLE_ENDIAN = 0x0102;
    private static final int HEADER_BYTES = 64;
    private static final int SEGMENT_BYTES = 56;
    private static final int SECTION_BYTES = 64;
    private static final int SYMBOL_BYTES = 24;

    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int PF_X = 1;
    private static final int SHT_SYMTAB = 2;
    private static final int SHT_NOBITS = 8;
    private static final int STT_FUNC = 2;
    private static final int STB_WEAK = 2;

    /** The Xen note that gives the PVH entry point: QEMU starts a file that has one (xen/interface/elfnote.h). */
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    /** "Xen" and its NUL, as a little-endian number. */
    private static final int XEN = 0x006e6558;

    private static final int MOST_BYTES = 256 << 20;

    private final long size;
    private final Reader reader;
    private final ByteBuffer header;

    /** Reads a stretch that lies within the file. */
    @FunctionalInterface
    private interface Reader {
        ByteBuffer read(long offset, int length) throws IOException;
    }

    private Elf(long size, Reader reader, ByteBuffer header) {
        this.size = size;
        this.reader = reader;
        this.header = header;
    }

    /**
     * A section.
     *
     * @param type one of elf(5)'s SHT_ numbers
     * @param link the index of the section that this one refers to; what for, the type says
     */
    public record Section(String name, int type, long offset, long size, int link) {}

    /**
     * A symbol.
     *
     * @param section the section that defines it; empty if the file only declares it
     */
    public record Symbol(
            String name, Optional<String> section, boolean function, boolean weak, long value, long size) {}

    /** An offset or a size in the file is wrong. */
    public static final class MalformedException extends IOException {
        private static final long serialVersionUID = 1;

        MalformedException(String message) {
            super("malformed ELF file: " + message);
        }
    }

    /** Opens a file that stays open while the result is used; empty if it is not such an ELF file. */
    public static Optional<Elf> of(FileChannel file) throws IOException {
        return of(file.size(), (offset, length) -> {
            ByteBuffer bytes = ByteBuffer.allocate(length);
            while (bytes.hasRemaining()) {
                if (file.read(bytes, offset + bytes.position()) < 0) {
                    throw new MalformedException("it became shorter while it was read");
                }
            }
            return bytes.flip();
        });
    }

    /** Opens a file in memory; empty if it is not such an ELF file. */
    public static Optional<Elf> of(byte[] file) throws IOException {
        return of(
                file.length,
                (offset, length) -> ByteBuffer.wrap(file, (int) offset, length).slice());
    }

    private static Optional<Elf> of(long size, Reader reader) throws IOException {
        if (size < HEADER_BYTES) {
            return Optional.empty();
        }
        ByteBuffer header = reader.read(0, HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return header.getInt(0) == MAGIC && header.getShort(4) == CLASS_64_LITTLE_ENDIAN
                ? Optional.of(new Elf(size, reader, header))
                : Optional.empty();
    }

    /** Returns whether QEMU can start the file: whether it has a PVH entry point. */
    public boolean hasPvhEntry() throws IOException {
        ByteBuffer segments = segments();
        for (int at = 0; at < segments.limit(); at += SEGMENT_BYTES) {
            if (segments.getInt(at) == PT_NOTE
                    && hasPvhNote(bytes(segments.getLong(at + 8), segments.getLong(at + 32), "a note segment"))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasPvhNote(ByteBuffer notes) {
        long at = 0;
        while (at + 16 <= notes.limit()) {
            int note = (int) at;
            if (notes.getInt(note + 8) == XEN_ELFNOTE_PHYS32_ENTRY && notes.getInt(note + 12) == XEN) {
                return true;
            }
            at += 12 + roundedUp(notes.getInt(note)) + roundedUp(notes.getInt(note + 4));
        }
        return false;
    }

    private static long roundedUp(int size) {
        return Integer.toUnsignedLong(size) + 3 & ~3L;
    }

    /** Returns the address of the first segment of code: in a kernel, {@code _text}. */
    public OptionalLong firstCode() throws IOException {
        ByteBuffer segments = segments();
        for (int at = 0; at < segments.limit(); at += SEGMENT_BYTES) {
            if (segments.getInt(at) == PT_LOAD && (segments.getInt(at + 4) & PF_X) != 0) {
                return OptionalLong.of(segments.getLong(at + 16));
            }
        }
        return OptionalLong.empty();
    }

    private ByteBuffer segments() throws IOException {
        return table(32, 54, SEGMENT_BYTES, "the segment table");
    }

    /** Returns all sections, in the order of the section table. */
    public List<Section> sections() throws IOException {
        ByteBuffer table = table(40, 58, SECTION_BYTES, "the section table");
        if (!table.hasRemaining()) {
            return List.of();
        }
        int namesAt = (header.getShort(62) & 0xffff) * SECTION_BYTES;
        if (namesAt >= table.limit()) {
            throw new MalformedException("the section that holds the sections' names is not in the section table");
        }
        ByteBuffer names = bytes(table.getLong(namesAt + 24), table.getLong(namesAt + 32), "the sections' names");
        List<Section> sections = new ArrayList<>();
        for (int at = 0; at < table.limit(); at += SECTION_BYTES) {
            sections.add(new Section(
                    string(names, table.getInt(at)),
                    table.getInt(at + 4),
                    table.getLong(at + 24),
                    table.getLong(at + 32),
                    table.getInt(at + 40)));
        }
        return sections;
    }

    /** Returns the contents of the first section of that name; empty if there is none, or it has no bytes in the file. */
    public Optional<byte[]> section(String name) throws IOException {
        for (Section section : sections()) {
            if (section.name().equals(name) && section.type() != SHT_NOBITS) {
                ByteBuffer bytes = bytes(section);
                byte[] contents = new byte[bytes.remaining()];
                bytes.get(contents);
                return Optional.of(contents);
            }
        }
        return Optional.empty();
    }

    /** Returns the symbols of all symbol tables, in their order. */
    public List<Symbol> symbols() throws IOException {
        List<Section> sections = sections();
        List<Symbol> symbols = new ArrayList<>();
        for (Section table : sections) {
            if (table.type() != SHT_SYMTAB) {
                continue;
            }
            if (table.link() < 0 || table.link() >= sections.size()) {
                throw new MalformedException(
                        table.name() + " refers to section " + table.link() + " of " + sections.size());
            }
            ByteBuffer names = bytes(sections.get(table.link()));
            ByteBuffer entries = bytes(table);
            for (int at = 0; at + SYMBOL_BYTES <= entries.limit(); at += SYMBOL_BYTES) {
                int info = entries.get(at + 4) & 0xff;
                int index = entries.getShort(at + 6) & 0xffff;
                boolean defined = index > 0 && index < sections.size();
                symbols.add(new Symbol(
                        string(names, entries.getInt(at)),
                        defined ? Optional.of(sections.get(index).name()) : Optional.empty(),
                        (info & 0xf) == STT_FUNC,
                        info >> 4 == STB_WEAK,
                        entries.getLong(at + 8),
                        entries.getLong(at + 16)));
            }
        }
        return symbols;
    }

    /** Reads a table that the header names: its offset, then at {@code shape} the size of an entry and the number of entries. */
    private ByteBuffer table(int offset, int shape, int entryBytes, String what) throws IOException {
        int count = header.getShort(shape + 2) & 0xffff;
        if (count > 0 && (header.getShort(shape) & 0xffff) != entryBytes) {
            throw new MalformedException(
                    what + " has entries of " + (header.getShort(shape) & 0xffff) + " bytes, not " + entryBytes);
        }
        return bytes(count == 0 ? 0 : header.getLong(offset), (long) count * entryBytes, what);
    }

    private ByteBuffer bytes(Section section) throws IOException {
        return bytes(section.offset(), section.size(), "section " + section.name());
    }

    private ByteBuffer bytes(long offset, long length, String what) throws IOException {
        if (offset < 0 || length < 0 || offset > size - length) {
            throw new MalformedException(what + " does not lie within the file: " + Long.toUnsignedString(length)
                    + " bytes at " + Long.toUnsignedString(offset) + " of " + size);
        }
        if (length > MOST_BYTES) {
            throw new MalformedException(what + " has " + length + " bytes, more than " + MOST_BYTES);
        }
        return reader.read(offset, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String string(ByteBuffer strings, int start) throws MalformedException {
        int end = start;
        while (end >= 0 && end < strings.limit() && strings.get(end) != 0) {
            end++;
        }
        if (end < 0 || end >= strings.limit()) {
            throw new MalformedException("a name at " + Integer.toUnsignedString(start) + " does not end within the "
                    + strings.limit() + " bytes of its string table");
        }
        byte[] text = new byte[end - start];
        strings.get(start, text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
