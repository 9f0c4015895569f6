// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One function of a {@link Stack}.
 *
 * @param function the symbol's name, or a hexadecimal address where no symbol covers it
 * @param offset bytes from the start of the function, absent for inlined frames
 * @param certain false where the frame may be a stale return address (the kernel prints {@code ?} before those)
 * @param pointer whether it is the next instruction itself, of a CPU's registers; else a return address, after the call
 */
public record Frame(
        String function,
        OptionalLong offset,
        Optional<String> file,
        OptionalInt line,
        boolean inlined,
        boolean certain,
        boolean pointer) {

    /** A frame that called another. */
    public Frame(
            String function,
            OptionalLong offset,
            Optional<String> file,
            OptionalInt line,
            boolean inlined,
            boolean certain) {
        this(function, offset, file, line, inlined, certain, false);
    }

    /** A certain frame that is not inlined and has no source line. */
    public static Frame of(String function, long offset) {
        return new Frame(function, OptionalLong.of(offset), Optional.empty(), OptionalInt.empty(), false, true);
    }

    public Frame uncertain() {
        return new Frame(function, offset, file, line, inlined, false, pointer);
    }

    /** The same frame as that of an instruction pointer. */
    public Frame asPointer() {
        return new Frame(function, offset, file, line, inlined, certain, true);
    }

    /** The same frame with where it comes from. */
    public Frame at(String sourceFile, int sourceLine) {
        return new Frame(
                function, offset, Optional.of(sourceFile), OptionalInt.of(sourceLine), inlined, certain, pointer);
    }
}
