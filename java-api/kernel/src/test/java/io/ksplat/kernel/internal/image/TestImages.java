// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** The smallest files that pass for kernels. */
public final class TestImages {
    private TestImages() {}

    /** An ELF with a note that may be the PVH entry's, and a section .BTF. */
    public static byte[] elf(boolean pvh, String btf, String text) {
        byte[] names = "\0.BTF\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        int data = 0x200 + names.length;
        int after = data + btf.length() + text.length();
        ByteBuffer b = ByteBuffer.allocate(after + 3 * 64).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
        b.putLong(32, 64).putLong(40, after).putShort(54, (short) 56).putShort(56, (short) 1);
        b.putShort(58, (short) 64).putShort(60, (short) 3).putShort(62, (short) 2);
        b.putInt(64, 4).putLong(64 + 8, 0x100).putLong(64 + 32, 20); // PT_NOTE
        b.putInt(0x100, 4).putInt(0x104, 4).putInt(0x108, pvh ? 18 : 6);
        b.put(0x10c, "Xen\0".getBytes(StandardCharsets.US_ASCII));
        b.put(0x200, names);
        b.put(data, (btf + text).getBytes(StandardCharsets.US_ASCII));
        section(b, after + 64, 1, data, btf.length());
        section(b, after + 128, 6, 0x200, names.length);
        return b.array();
    }

    private static void section(ByteBuffer b, int at, int name, int offset, int size) {
        b.putInt(at, name).putInt(at + 4, 1).putLong(at + 24, offset).putLong(at + 32, size);
    }

    /** A bzImage of a release, with a payload packed by gzip. */
    public static byte[] bzImage(String release, byte[] payload) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(payload);
        }
        ByteBuffer b = ByteBuffer.allocate(0x600 + packed.size()).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0x1f1, (byte) 1).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
        b.putShort(0x20e, (short) 0x100);
        b.put(0x300, (release + " (somebody@somewhere) #1 SMP\0").getBytes(StandardCharsets.US_ASCII));
        b.putInt(0x248, 0x200).putInt(0x24c, packed.size());
        b.put(0x600, packed.toByteArray());
        return b.array();
    }
}
