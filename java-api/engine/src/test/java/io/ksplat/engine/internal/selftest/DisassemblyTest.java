// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DisassemblyTest {
    private static final Disassembly DISASSEMBLY = new Disassembly(Map.of(8L, "bpf_get_smp_processor_id"));

    private static ByteBuffer instructions(long... words) {
        ByteBuffer bytes = ByteBuffer.allocate(words.length * 8).order(ByteOrder.BIG_ENDIAN);
        for (long word : words) {
            bytes.putLong(word);
        }
        return bytes.flip();
    }

    /** The words of kernel/bpf/disasm.c, as verifier logs have them; the bytes as they lie in memory. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "b7000000 07000000;r0 = 7",
                "b4010000 ffffffff;w1 = -1",
                "bf620000 00000000;r2 = r6",
                "bf620800 00000000;r2 = (s8)r6",
                "bc622000 00000000;w2 = (s32)w6",
                "bf210100 00000100;r1 = addr_space_cast(r2, 1, 0)",
                "bf11ffff 00000000;r1 = &(void __percpu *)(r1)",
                "07020000 f8ffffff;r2 += -8",
                "3f310000 00000000;r1 /= r3",
                "37010100 03000000;r1 s/= 3",
                "9c310100 00000000;w1 s%= w3",
                "c7010000 20000000;r1 s>>= 32",
                "87010000 00000000;r1 = -r1",
                "dc010000 10000000;r1 = be16 r1",
                "d4010000 40000000;r1 = le64 r1",
                "d7010000 20000000;r1 = bswap32 r1",
                "79110800 00000000;r1 = *(u64 *)(r1 +8)",
                "91a1f8ff 00000000;r1 = *(s8 *)(r10 -8)",
                "7b1af8ff 00000000;*(u64 *)(r10 -8) = r1",
                "620afcff 05000000;*(u32 *)(r10 -4) = 5",
                "c2000000 00000000;nospec",
                "db120000 00000000;lock *(u64 *)(r2 +0) += r1",
                "db120000 01000000;r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)",
                "c3120400 f1000000;r0 = atomic_cmpxchg((u32 *)(r2 +4), r0, r1)",
                "c3120400 e1000000;r1 = atomic_xchg((u32 *)(r2 +4), r1)",
                "db210000 00010000;r1 = load_acquire((u64 *)(r2 +0))",
                "db120000 10010000;store_release((u64 *)(r2 +0), r1)",
                "85000000 08000000;call bpf_get_smp_processor_id",
                "85000000 78563412;call unknown",
                "8510f6ff 03000000;call pc-10",
                "85200000 78563412;call kernel-function",
                "05000300 00000000;goto pc+3",
                "06000000 feffffff;gotol pc-2",
                "0d010000 00000000;gotox r1",
                "e5000200 00000000;may_goto pc+2",
                "95000000 00000000;exit",
                "1d210200 00000000;if r1 == r2 goto pc+2",
                "a6010100 ff000000;if w1 < 0xff goto pc+1",
                "75010100 ffffffff;if r1 s>= 0xffffffff goto pc+1"
            })
    void printsWhatTheKernelPrints(String bytes, String words) {
        long word = Long.parseUnsignedLong(bytes.replace(" ", ""), 16);
        assertThat(DISASSEMBLY.text(instructions(word))).isEqualTo("0: " + words + "\n");
    }

    @Test
    void aWideLoadHasTwoNumbers() {
        assertThat(DISASSEMBLY.text(instructions(0x1801000078563412L, 0x0000000001000000L, 0x9500000000000000L)))
                .isEqualTo("0: r1 = 0x112345678\n2: exit\n");
    }

    @Test
    void aWideLoadThatIsCutOffIsNoError() {
        assertThat(DISASSEMBLY.text(instructions(0x1801000078563412L))).startsWith("0: r1 = 0x12345678");
    }
}
