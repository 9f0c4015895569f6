// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.evidence.Frame;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.FrameCursor;
import io.ksplat.machine.internal.arch.FrameCursor.Next;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** One unwinding: from the innermost frame outwards. Its bounds hold for any memory, also a hostile guest's. */
public final class StackWalk {
    /**
     * A frame, and what the frame after it is to it.
     *
     * @param code an address in the instruction that the frame is in
     */
    public record Step(Frame frame, long code, Next next) {}

    private static final int MOST_FRAMES = 256;
    private static final int MOST_SCANNED_FRAMES = 64;
    private static final int WORD = Long.BYTES;

    private final Symbols symbols;
    private final FrameCursor cursor;
    private final CachedMemory memory;
    private final List<Step> steps = new ArrayList<>();

    StackWalk(Symbols symbols, FrameCursor cursor, CachedMemory memory) {
        this.symbols = symbols;
        this.cursor = cursor;
        this.memory = memory;
    }

    List<Step> steps() {
        Next next = Next.CALLER;
        while (next != Next.NOTHING && steps.size() < MOST_FRAMES) {
            Frame frame = frame();
            long code = cursor.codeAddress();
            next = cursor.advance();
            steps.add(new Step(frame, code, next));
            if (next == Next.NOTHING && !cursor.hasEnded()) {
                next = scan();
            }
        }
        return steps;
    }

    private Frame frame() {
        Frame frame = symbols.at(cursor.codeAddress())
                .map(symbol -> Frame.of(symbol.name(), cursor.ip() - symbol.address()))
                .orElseGet(() -> unnamed(cursor.ip()));
        Frame placed = cursor.isExact() ? frame.asPointer() : frame;
        return cursor.isCertain() ? placed : placed.uncertain();
    }

    static Frame unnamed(long address) {
        return new Frame(
                "0x" + Long.toHexString(address),
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                false,
                true);
    }

    /**
     * Takes every return address that is left on the stack for a possible frame, up to the registers of an interrupt, from where on
     * the cursor knows its way again.
     */
    private Next scan() {
        long stackBytes = Arch.guest().stackBytes();
        long start = (cursor.sp() + WORD - 1) & -WORD;
        long end = (cursor.sp() | (stackBytes - 1)) + 1;
        int found = 0;
        for (long at = start; at != end && found < MOST_SCANNED_FRAMES; at += WORD) {
            OptionalLong word = memory.word(at);
            if (word.isEmpty()) {
                return Next.NOTHING;
            }
            if (!symbols.isText(word.getAsLong())) {
                continue;
            }
            if (cursor.isInterruptFrame(at)) {
                if (!cursor.resumeInterrupted(at)) {
                    return Next.NOTHING;
                }
                markInterrupted();
                return Next.INTERRUPTED;
            }
            cursor.guess(word.getAsLong());
            steps.add(new Step(frame(), cursor.codeAddress(), Next.CALLER));
            found++;
        }
        return Next.NOTHING;
    }

    private void markInterrupted() {
        int last = steps.size() - 1;
        steps.set(last, new Step(steps.get(last).frame(), steps.get(last).code(), Next.INTERRUPTED));
    }
}
