// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeTableTest {
    private static final int HEADER = 48;

    /** Returns each entry in words. */
    private static List<String> entries(byte[] bytes) {
        ByteBuffer table = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<String> entries = new ArrayList<>();
        for (int at = HEADER; at < bytes.length; at += bytes[at + 1]) {
            entries.add(
                    bytes[at] == 0
                            ? "CPU " + bytes[at + 3] + " on " + bytes[at + 2]
                            : String.format(
                                    java.util.Locale.ROOT,
                                    "%x+%x on %d",
                                    table.getLong(at + 8),
                                    table.getLong(at + 16),
                                    table.getInt(at + 2)));
        }
        return entries;
    }

    @Test
    void sharesOutCpusAndMemory() {
        byte[] table = NodeTable.of(4, 256, 2);
        assertThat(new String(table, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("SRAT");
        assertThat(ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).getInt(4))
                .isEqualTo(table.length);
        assertThat(entries(table))
                .containsExactly(
                        "CPU 0 on 0",
                        "CPU 1 on 0",
                        "CPU 2 on 1",
                        "CPU 3 on 1",
                        "0+8000000 on 0",
                        "8000000+8000000 on 1");
    }

    @Test
    void aKernelAddsItUpToZero() {
        for (int nodes = 1; nodes <= 16; nodes++) {
            int sum = 0;
            for (byte one : NodeTable.of(3, 1024, nodes)) {
                sum += one;
            }
            assertThat(sum & 0xff).isZero();
        }
    }

    @Test
    void aNodeWithoutCpusHasMemory() {
        assertThat(entries(NodeTable.of(1, 256, 2)))
                .containsExactly("CPU 0 on 0", "0+8000000 on 0", "8000000+8000000 on 1");
    }

    /** 3 GiB lie below the gap, and the third one reaches over it. */
    @Test
    void nothingOfBigMemoryIsLeftOut() {
        assertThat(entries(NodeTable.of(1, 4096, 4)))
                .containsExactly(
                        "CPU 0 on 0",
                        "0+40000000 on 0",
                        "40000000+40000000 on 1",
                        "80000000+40000000 on 2",
                        "c0000000+80000000 on 3");
    }
}
