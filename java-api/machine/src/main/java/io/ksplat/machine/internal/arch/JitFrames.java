// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.kernel.Symbol;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;

/**
 * Unwinds JITed BPF programs and trampolines: they keep a frame pointer, except before their prologue has pushed it and after
 * their epilogue has popped it (arch/x86/net/bpf_jit_comp.c). Their code shows whether the CPU stopped there.
 */
public final class JitFrames {
    /** The prologue starts with endbr64 (4), the patchable call (5) and the tail call's counter (up to 13). */
    private static final int PROLOGUE_BYTES = 32;

    private static final int[] PUSH_BP_MOV_SP_BP = {0x55, 0x48, 0x89, 0xe5};
    private static final int RET = 0xc3;
    private static final int JMP = 0xe9;
    private static final int LEAVE = 0xc9;

    /** leave; add $8,%rsp: an fexit trampoline drops the address in the function that it stands for. */
    private static final int[] LEAVE_ADD_8_SP = {LEAVE, 0x48, 0x83, 0xc4, 0x08};

    /** Dispatchers only jump, and keep no frame pointer (arch/x86/net/bpf_jit_comp.c, emit_bpf_dispatcher). */
    private static final String DISPATCHER = "bpf_dispatcher_";

    private final CachedMemory memory;

    JitFrames(CachedMemory memory) {
        this.memory = memory;
    }

    /** Returns whether a function is a JITed BPF program or a trampoline. */
    public static boolean isJited(Symbol function) {
        return function.module().orElse("").equals("bpf") || function.name().startsWith("bpf_prog_");
    }

    /**
     * Returns how to find the caller of {@code ip} in {@code function}.
     *
     * @param exact whether {@code ip} is the next instruction itself, not a return address
     */
    OrcEntry entry(Symbol function, long ip, boolean exact) {
        if (function.name().startsWith(DISPATCHER)) {
            return OrcEntry.JUST_CALLED;
        }
        long offset = ip - function.address();
        int push = offset <= PROLOGUE_BYTES ? offsetOfPush(function.address()) : -1;
        if (offset == 0 || offset <= push) {
            return OrcEntry.JUST_CALLED;
        }
        if (push >= 0 && offset == push + 1) {
            return OrcEntry.FRAME_POINTER_PUSHED;
        }
        return exact && isPopped(ip) ? OrcEntry.JUST_CALLED : OrcEntry.FRAME_POINTER;
    }

    private boolean isPopped(long ip) {
        int code = memory.unsignedByte(ip);
        boolean jumpsToReturn = code == JMP
                && (memory.unsignedByte(ip - 1) == LEAVE || isAt(ip - LEAVE_ADD_8_SP.length, LEAVE_ADD_8_SP));
        return code == RET || jumpsToReturn || isAt(ip - 1, LEAVE_ADD_8_SP);
    }

    private int offsetOfPush(long start) {
        for (int i = 0; i < PROLOGUE_BYTES; i++) {
            if (isAt(start + i, PUSH_BP_MOV_SP_BP)) {
                return i;
            }
        }
        return -1;
    }

    private boolean isAt(long address, int[] code) {
        int matching = 0;
        while (matching < code.length && memory.unsignedByte(address + matching) == code[matching]) {
            matching++;
        }
        return matching == code.length;
    }
}
