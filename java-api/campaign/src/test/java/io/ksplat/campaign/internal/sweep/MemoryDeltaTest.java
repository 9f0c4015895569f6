// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryDeltaTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    Path folder;

    private static void write(Path file, long address, byte[] bytes) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.seek(address);
            opened.write(bytes);
        }
    }

    /** Writes that touch, that lie at the borders of pieces, and that happen after the files were mapped. */
    @Test
    void whatItTellsMakesTheOriginalTheOther() throws IOException {
        Random random = new Random(1);
        byte[] content = new byte[SIZE];
        random.nextBytes(content);
        Path original = Files.write(folder.resolve("original"), content);
        Path changed = Files.write(folder.resolve("changed"), content);
        MemoryDelta difference = new MemoryDelta(original, changed);
        assertThat(difference.now()).isEmpty();

        for (long address : List.of(0L, 1000L, 1010L, (1L << 20) - 4, 2L << 20, SIZE - 8L)) {
            byte[] bytes = new byte[8];
            random.nextBytes(bytes);
            write(changed, address, bytes);
        }

        List<MemoryDelta.Patch> patches = difference.now();
        assertThat(patches.stream().map(patch -> patch.bytes().length).collect(Collectors.summingInt(i -> i)))
                .as("not much more than what was written")
                .isLessThan(1024);
        for (MemoryDelta.Patch patch : patches) {
            write(original, patch.address(), patch.bytes());
        }
        assertThat(Files.mismatch(original, changed)).isEqualTo(-1);
    }
}
