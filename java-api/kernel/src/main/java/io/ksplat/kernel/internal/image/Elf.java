// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalLong;

/** What is needed of a 64-bit little-endian ELF file (elf(5)). */
public final class Elf {
    /** The Xen note that gives the PVH entry point: its presence lets QEMU start the file (xen/interface/elfnote.h). */
    private static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

    private static final int PT_LOAD = 1;
    private static final int PT_NOTE = 4;
    private static final int PF_X = 1;
    private static final int SHT_NOBITS = 8;

    private final ByteBuffer bytes;

    private Elf(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    public static Optional<Elf> of(ByteBuffer file) {
        ByteBuffer bytes = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        // 0x7f ELF, 64 bit, little endian
        boolean elf = bytes.limit() >= 64 && bytes.getInt(0) == 0x464c457f && bytes.get(4) == 2 && bytes.get(5) == 1;
        return elf ? Optional.of(new Elf(bytes)) : Optional.empty();
    }

    boolean pvh() {
        int headers = bytes.getShort(56);
        for (int i = 0; i < headers; i++) {
            int header = (int) bytes.getLong(32) + i * 56;
            if (bytes.getInt(header) == PT_NOTE && pvhIn((int) bytes.getLong(header + 8), bytes.getLong(header + 32))) {
                return true;
            }
        }
        return false;
    }

    /** The address of the first segment of code: a kernel's {@code _text}. */
    public OptionalLong firstCode() {
        int headers = bytes.getShort(56);
        for (int i = 0; i < headers; i++) {
            int header = (int) bytes.getLong(32) + i * 56;
            if (bytes.getInt(header) == PT_LOAD && (bytes.getInt(header + 4) & PF_X) != 0) {
                return OptionalLong.of(bytes.getLong(header + 16));
            }
        }
        return OptionalLong.empty();
    }

    private boolean pvhIn(int start, long size) {
        int at = start;
        while (at + 12 <= start + size) {
            int nameSize = bytes.getInt(at);
            int descriptionSize = bytes.getInt(at + 4);
            if (bytes.getInt(at + 8) == XEN_ELFNOTE_PHYS32_ENTRY && "Xen".equals(string(at + 12))) {
                return true;
            }
            at += 12 + ((nameSize + 3) & ~3) + ((descriptionSize + 3) & ~3);
        }
        return false;
    }

    /** The contents of the section. */
    Optional<ByteBuffer> section(String name) {
        int table = (int) bytes.getLong(40);
        int count = bytes.getShort(60) & 0xffff;
        if (table == 0 || count == 0) {
            return Optional.empty();
        }
        int names = (int) bytes.getLong(table + 64 * (bytes.getShort(62) & 0xffff) + 24);
        for (int i = 0; i < count; i++) {
            int header = table + 64 * i;
            if (name.equals(string(names + bytes.getInt(header))) && bytes.getInt(header + 4) != SHT_NOBITS) {
                int size = (int) bytes.getLong(header + 32);
                return Optional.of(bytes.slice((int) bytes.getLong(header + 24), size));
            }
        }
        return Optional.empty();
    }

    private String string(int at) {
        int end = at;
        while (end < bytes.limit() && bytes.get(end) != 0) {
            end++;
        }
        byte[] text = new byte[end - at];
        bytes.get(at, text);
        return new String(text, StandardCharsets.US_ASCII);
    }
}
