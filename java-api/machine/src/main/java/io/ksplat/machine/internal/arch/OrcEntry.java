// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

/**
 * How to find the caller's stack pointer, frame pointer and address from a range of code.
 *
 * @param signal whether the saved address is an interrupted instruction, not one after a call
 */
record OrcEntry(Base spBase, int spOffset, Base bpBase, int bpOffset, Kind kind, boolean signal) {
    enum Base {
        UNDEFINED,
        PREV_SP,
        AX,
        DX,
        DI,
        BP,
        SP,
        R10,
        R13,
        BP_INDIRECT,
        SP_INDIRECT,
        UNKNOWN
    }

    enum Kind {
        UNDEFINED,
        END_OF_STACK,
        CALL,
        REGS,
        REGS_PARTIAL
    }

    /** Code that keeps a frame pointer, as the JIT emits it (arch/x86/kernel/unwind_orc.c, orc_fp_entry). */
    static final OrcEntry FRAME_POINTER = new OrcEntry(Base.BP, 16, Base.PREV_SP, -16, Kind.CALL, false);

    /** Code that has pushed nothing yet: the return address is on top of the stack. */
    static final OrcEntry JUST_CALLED = new OrcEntry(Base.SP, 8, Base.UNDEFINED, 0, Kind.CALL, false);

    /** Code that has pushed its caller's frame pointer and nothing else. */
    static final OrcEntry FRAME_POINTER_PUSHED = new OrcEntry(Base.SP, 16, Base.PREV_SP, -16, Kind.CALL, false);
}
