// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class JitFramesTest {
    private static final long PROGRAM = 0xffffffffc0100000L;

    @Test
    void knowsEachPlaceInAProgramWhereItsFramePointerIsNotYetOrNoLongerThere() {
        // endbr64; nopl; nopl; push %rbp; mov %rsp,%rbp; leave; jmp __x86_return_thunk
        byte[] code = HexFormat.of().parseHex("f30f1efa0f1f4400000f1f00554889e5c9e900000000");
        JitFrames frames = new JitFrames(new CachedMemory((address, length) -> Arrays.copyOf(code, length)));
        Symbol program = Symbol.bpf("bpf_prog_0123456789abcdef_f", PROGRAM, 0x40);
        for (int offset : new int[] {0, 4, 9, 12}) {
            assertThat(frames.entry(program, PROGRAM + offset, true)).isEqualTo(OrcEntry.JUST_CALLED);
        }
        assertThat(frames.entry(program, PROGRAM + 13, true)).isEqualTo(OrcEntry.FRAME_POINTER_PUSHED);
        assertThat(frames.entry(program, PROGRAM + 16, true)).isEqualTo(OrcEntry.FRAME_POINTER);
        assertThat(frames.entry(program, PROGRAM + 17, true)).isEqualTo(OrcEntry.JUST_CALLED);
        assertThat(frames.entry(program, PROGRAM + 17, false)).isEqualTo(OrcEntry.FRAME_POINTER);
    }

    @Test
    void knowsWhereATrampolineReturnsToTheCallerOfTheFunctionThatItStandsFor() {
        // push %rbp; mov %rsp,%rbp; nop; leave; add $8,%rsp; jmp __x86_return_thunk
        byte[] code = HexFormat.of().parseHex("554889e590c94883c408e900000000");
        JitFrames frames = new JitFrames(new CachedMemory((address, length) -> Arrays.copyOf(code, length)));
        Symbol trampoline = Symbol.bpf("bpf_trampoline_1", PROGRAM, 0x40);
        assertThat(frames.entry(trampoline, PROGRAM, true)).isEqualTo(OrcEntry.JUST_CALLED);
        for (int offset : new int[] {4, 5}) {
            assertThat(frames.entry(trampoline, PROGRAM + offset, true)).isEqualTo(OrcEntry.FRAME_POINTER);
        }
        for (int offset : new int[] {6, 10}) {
            assertThat(frames.entry(trampoline, PROGRAM + offset, true)).isEqualTo(OrcEntry.JUST_CALLED);
        }
    }

    @Test
    void knowsThatADispatcherHasNoFrame() {
        JitFrames frames = new JitFrames(new CachedMemory((address, length) -> new byte[length]));
        Symbol dispatcher = Symbol.bpf("bpf_dispatcher_xdp", PROGRAM, 0x1000);
        assertThat(frames.entry(dispatcher, PROGRAM + 0x80, true)).isEqualTo(OrcEntry.JUST_CALLED);
    }
}
