// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.kernel.internal.Elf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What an executable asks for before its first instruction (elf(5)). */
final class ExecutableFile {
    private static final int DT_NEEDED = 1;
    private static final int ENTRY_BYTES = 16;
    private static final int MOST_LIBRARIES = 100;

    private ExecutableFile() {}

    /**
     * Checks that a machine without libraries can run a program.
     *
     * @throws IOException in one line, with what it asks for
     */
    static void checkStatic(Path file, byte[] content) throws IOException {
        Optional<String> loader = loader(file, content);
        if (loader.isEmpty()) {
            return;
        }
        List<String> needed = new ArrayList<>(List.of(loader.get()));
        needed.addAll(libraries(Elf.of(content).orElseThrow()));
        throw new IOException(file + " is linked dynamically and asks for " + String.join(", ", needed)
                + ", which no machine has by itself: link it with -static, or name a root file system (root=debian)");
    }

    /** Returns what loads a program that is linked dynamically; empty: it is linked statically. */
    static Optional<String> loader(Path file, byte[] content) throws IOException {
        Elf elf = Elf.of(content)
                .orElseThrow(() -> new IOException(file + " is no program for 64-bit machines of this kind"));
        try {
            return elf.section(".interp").map(path -> text(path, 0));
        } catch (Elf.MalformedException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static List<String> libraries(Elf elf) throws IOException {
        Optional<byte[]> entries = elf.section(".dynamic");
        Optional<byte[]> names = elf.section(".dynstr");
        List<String> libraries = new ArrayList<>();
        if (entries.isPresent() && names.isPresent()) {
            ByteBuffer all = ByteBuffer.wrap(entries.get()).order(ByteOrder.LITTLE_ENDIAN);
            while (all.remaining() >= ENTRY_BYTES && libraries.size() < MOST_LIBRARIES) {
                long tag = all.getLong();
                long value = all.getLong();
                if (tag == DT_NEEDED && value >= 0 && value < names.get().length) {
                    libraries.add(text(names.get(), (int) value));
                }
            }
        }
        return libraries;
    }

    private static String text(byte[] bytes, int from) {
        int end = from;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.UTF_8);
    }
}
