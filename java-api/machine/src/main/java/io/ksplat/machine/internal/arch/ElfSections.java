// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads named sections of a 64-bit little-endian ELF file (elf(5)). */
final class ElfSections {
    private static final int HEADER_BYTES = 64;
    private static final int SECTION_HEADER_BYTES = 64;
    private static final int MAGIC = 0x464c457f;
    private static final int CLASS_64_LITTLE_ENDIAN = 0x0102;
    private static final long MOST_BYTES = 256L << 20;

    private ElfSections() {}

    /** Returns the sections of these names that the file has; none if it is not such a file. */
    static Map<String, byte[]> read(RandomAccessFile file, String... wanted) throws IOException {
        ByteBuffer header = bytes(file, 0, HEADER_BYTES);
        if (header.getInt(0) != MAGIC || header.getShort(4) != CLASS_64_LITTLE_ENDIAN) {
            return Map.of();
        }
        long table = header.getLong(0x28);
        int entrySize = header.getShort(0x3a) & 0xffff;
        int count = header.getShort(0x3c) & 0xffff;
        int namesIndex = header.getShort(0x3e) & 0xffff;
        if (entrySize != SECTION_HEADER_BYTES || namesIndex >= count) {
            return Map.of();
        }
        ByteBuffer headers = bytes(file, table, (long) count * entrySize);
        ByteBuffer names = section(file, headers, namesIndex);
        Map<String, byte[]> found = new HashMap<>();
        for (int i = 0; i < count; i++) {
            String name = name(names, headers.getInt(i * entrySize));
            if (List.of(wanted).contains(name)) {
                ByteBuffer section = section(file, headers, i);
                byte[] bytes = new byte[section.remaining()];
                section.get(bytes);
                found.put(name, bytes);
            }
        }
        return found;
    }

    private static ByteBuffer section(RandomAccessFile file, ByteBuffer headers, int index) throws IOException {
        int at = index * SECTION_HEADER_BYTES;
        return bytes(file, headers.getLong(at + 0x18), headers.getLong(at + 0x20));
    }

    private static ByteBuffer bytes(RandomAccessFile file, long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || length > MOST_BYTES || offset > file.length() - length) {
            throw new IOException("cannot read an ELF file: " + length + " bytes at " + offset + " are outside of its "
                    + file.length());
        }
        byte[] bytes = new byte[(int) length];
        file.seek(offset);
        file.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static String name(ByteBuffer names, int start) {
        int end = start;
        while (end >= 0 && end < names.limit() && names.get(end) != 0) {
            end++;
        }
        byte[] name = new byte[end - start];
        for (int i = 0; i < name.length; i++) {
            name[i] = names.get(start + i);
        }
        return new String(name, US_ASCII);
    }
}
