// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.machine.internal.qemu.GdbStub;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The differences between a machine's memory and the memory that it was copied from. */
final class MemoryDelta {
    private static final int PAGE = 4096;
    private static final int PIECE = 256 * PAGE;
    /** Granularity of the differences, in bytes. */
    private static final int GRAIN = 64;

    private final ByteBuffer original;
    private final ByteBuffer changed;

    /** Compares two files of the same size; {@code changed} may keep changing. */
    MemoryDelta(Path original, Path changed) throws IOException {
        this.original = map(original);
        this.changed = map(changed);
    }

    /** Bytes at a physical address. */
    static final class Patch {
        private final long address;
        private final byte[] bytes;

        private Patch(long address, byte[] bytes) {
            this.address = address;
            this.bytes = bytes;
        }

        long address() {
            return address;
        }

        byte[] bytes() {
            return bytes.clone();
        }

        void writeTo(GdbStub gdb) throws IOException {
            gdb.writePhysical(address, bytes);
        }
    }

    private static ByteBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        }
    }

    /** Returns the patches that turn the original memory into the changed one, as it is now. */
    List<Patch> now() {
        List<Patch> patches = new ArrayList<>();
        for (int piece = 0; piece < changed.capacity(); piece += PIECE) {
            int end = Math.min(piece + PIECE, changed.capacity());
            for (int at = piece; at < end; ) {
                int distance = original.slice(at, end - at).mismatch(changed.slice(at, end - at));
                if (distance < 0) {
                    break;
                }
                int from = (at + distance) / GRAIN * GRAIN;
                at = from + GRAIN;
                while (at < end && differs(at)) {
                    at += GRAIN;
                }
                byte[] bytes = new byte[at - from];
                changed.get(from, bytes);
                patches.add(new Patch(from, bytes));
            }
        }
        return patches;
    }

    private boolean differs(int at) {
        return original.slice(at, GRAIN).mismatch(changed.slice(at, GRAIN)) >= 0;
    }
}
