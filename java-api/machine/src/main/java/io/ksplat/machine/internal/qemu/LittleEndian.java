// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads integers of guest memory: every guest that ksplat runs is little-endian. */
public final class LittleEndian {
    private LittleEndian() {}

    /** Returns the first 16 bits from {@code offset} on, with their sign. */
    public static short int16(byte[] bytes, int offset) {
        return buffer(bytes).getShort(offset);
    }

    /** Returns the first 32 bits. */
    public static int int32(byte[] bytes) {
        return buffer(bytes).getInt();
    }

    /** Returns the first 64 bits. */
    public static long int64(byte[] bytes) {
        return buffer(bytes).getLong();
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
