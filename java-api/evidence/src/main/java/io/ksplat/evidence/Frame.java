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
 */
public record Frame(
        String function,
        OptionalLong offset,
        Optional<String> file,
        OptionalInt line,
        boolean inlined,
        boolean certain) {

    /** A certain frame that is not inlined and has no source line. */
    public static Frame of(String function, long offset) {
        return new Frame(function, OptionalLong.of(offset), Optional.empty(), OptionalInt.empty(), false, true);
    }

    public Frame uncertain() {
        return new Frame(function, offset, file, line, inlined, false);
    }
}
