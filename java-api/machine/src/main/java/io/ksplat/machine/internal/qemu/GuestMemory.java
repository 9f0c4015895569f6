// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;

/** Reads a guest's kernel memory by virtual address. */
@FunctionalInterface
public interface GuestMemory {
    /**
     * Reads {@code length} bytes at {@code address}.
     *
     * @throws IOException if the address is not mapped, or the machine is gone
     */
    byte[] read(long address, int length) throws IOException;

    /** Returns the 64 bits at {@code address}. */
    default long word(long address) throws IOException {
        return LittleEndian.int64(read(address, Long.BYTES));
    }

    /** Returns the 32 bits at {@code address}. */
    default int half(long address) throws IOException {
        return LittleEndian.int32(read(address, Integer.BYTES));
    }
}
