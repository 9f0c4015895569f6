// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * One function of a {@link Stack}.
 *
 * @param function the symbol name, or the address in hexadecimal if no symbol covers it
 * @param offset in bytes from the start of the function; empty for inlined frames
 * @param certain false if the frame may be a stale return address (the kernel prints {@code ?} before it)
 * @param pointer true for the instruction pointer of a CPU, false for a return address
 */
public record Frame(
        String function,
        OptionalLong offset,
        Optional<String> file,
        OptionalInt line,
        boolean inlined,
        boolean certain,
        boolean pointer) {

    /** Creates a frame that called another one. */
    public Frame(
            String function,
            OptionalLong offset,
            Optional<String> file,
            OptionalInt line,
            boolean inlined,
            boolean certain) {
        this(function, offset, file, line, inlined, certain, false);
    }

    /** Creates a certain frame that is not inlined and has no source line. */
    public static Frame of(String function, long offset) {
        return new Frame(function, OptionalLong.of(offset), Optional.empty(), OptionalInt.empty(), false, true);
    }

    /** Returns this frame as one that may be stale. */
    public Frame uncertain() {
        return new Frame(function, offset, file, line, inlined, false, pointer);
    }

    /** Returns this frame as that of an instruction pointer. */
    public Frame asPointer() {
        return new Frame(function, offset, file, line, inlined, certain, true);
    }

    /** Returns this frame with its source line. */
    public Frame at(String sourceFile, int sourceLine) {
        return new Frame(
                function, offset, Optional.of(sourceFile), OptionalInt.of(sourceLine), inlined, certain, pointer);
    }
}
