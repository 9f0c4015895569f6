// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.memory;

import io.ksplat.machine.internal.qemu.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Guest memory for the duration of one unwinding: read by pages, each page once, up to a limit. A page is the largest unit that
 * does not extend into a stack's guard page.
 */
public final class CachedMemory {
    public static final int PAGE = 4096;

    /** 256 KiB: several times all stacks of one CPU. */
    private static final int STACK_PAGES = 64;

    private final GuestMemory memory;
    private final int mostPages;
    private final Map<Long, Optional<ByteBuffer>> pages = new HashMap<>();

    public CachedMemory(GuestMemory memory) {
        this(memory, STACK_PAGES);
    }

    public CachedMemory(GuestMemory memory, int mostPages) {
        this.memory = memory;
        this.mostPages = mostPages;
    }

    /** Returns the 64 bits at {@code address}; empty if they cannot be read. */
    public OptionalLong word(long address) {
        int offset = (int) (address & (PAGE - 1));
        if (offset <= PAGE - Long.BYTES) {
            Optional<ByteBuffer> page = page(address - offset);
            return page.isPresent() ? OptionalLong.of(page.get().getLong(offset)) : OptionalLong.empty();
        }
        return acrossPages(address, Long.BYTES);
    }

    /** Returns the 32 bits at {@code address}; empty if they cannot be read. */
    public OptionalInt half(long address) {
        OptionalLong value = acrossPages(address, Integer.BYTES);
        return value.isPresent() ? OptionalInt.of((int) value.getAsLong()) : OptionalInt.empty();
    }

    private OptionalLong acrossPages(long address, int bytes) {
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            int at = unsignedByte(address + i);
            if (at < 0) {
                return OptionalLong.empty();
            }
            value |= (long) at << (8 * i);
        }
        return OptionalLong.of(value);
    }

    /** Returns the byte at {@code address}, or -1 if it cannot be read. */
    public int unsignedByte(long address) {
        int offset = (int) (address & (PAGE - 1));
        Optional<ByteBuffer> page = page(address - offset);
        return page.isPresent() ? page.get().get(offset) & 0xff : -1;
    }

    private Optional<ByteBuffer> page(long start) {
        Optional<ByteBuffer> known = pages.get(start);
        if (known == null) {
            known = pages.size() < mostPages ? read(start) : Optional.empty();
            pages.put(start, known);
        }
        return known;
    }

    private Optional<ByteBuffer> read(long start) {
        try {
            byte[] bytes = memory.read(start, PAGE);
            return bytes.length == PAGE
                    ? Optional.of(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN))
                    : Optional.empty();
        } catch (IOException e) {
            // Not mapped: a guard page, or a corrupted stack pointer. Unwinding ends there.
            return Optional.empty();
        }
    }
}
