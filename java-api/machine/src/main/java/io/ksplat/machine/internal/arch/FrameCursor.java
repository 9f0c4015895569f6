// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

/** Stands at one frame of a stack and moves outwards, as one architecture's kernels lay out their frames. */
public abstract sealed class FrameCursor permits OrcCursor {
    /** What the frame after this one is to it. */
    public enum Next {
        CALLER,
        /** The caller, on another stack: code on the interrupt stack that a task called. */
        OTHER_STACK,
        /** What an interrupt, NMI or exception interrupted. */
        INTERRUPTED,
        NOTHING
    }

    /** Returns the frame's instruction, or the address to which its callee returns. */
    public abstract long ip();

    /** Returns the frame's stack pointer. */
    public abstract long sp();

    /** Returns whether {@link #ip} is the next instruction itself, not a return address. */
    public abstract boolean isExact();

    /** Returns whether the way to this frame follows from what the kernel says of its code. */
    public abstract boolean isCertain();

    /**
     * Returns an address in the instruction that the frame is in: a return address may be the first one of the next function.
     */
    public final long codeAddress() {
        return isExact() ? ip() : ip() - 1;
    }

    /** Moves to the next frame; stays if there is none. */
    public abstract Next advance();

    /** Returns whether the stack ended where its kernel says that it ends. */
    public abstract boolean hasEnded();

    /** Takes an address found on the stack for a frame's. From here on no frame is certain. */
    public abstract void guess(long returnAddress);

    /** Returns whether the processor saved the registers of interrupted kernel code, beginning with its instruction, at an address. */
    public abstract boolean isInterruptFrame(long address);

    /**
     * Moves to the code whose registers lie at an {@linkplain #isInterruptFrame interrupt frame}.
     *
     * @return false if the stack has been switched too often
     */
    public abstract boolean resumeInterrupted(long address);
}
