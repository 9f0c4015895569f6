// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * How the program of a run ended. Neither {@code exit} nor {@code signal} is present if it did not end.
 *
 * @param exit its exit status
 * @param signal the number of the signal that ended it
 * @param stdout what it wrote to its standard output
 * @param stderr what it wrote to its standard error
 * @param usage what it took; empty if it did not end
 */
public record ProgramRecord(
        OptionalInt exit, OptionalInt signal, String stdout, String stderr, Optional<ResourceUsage> usage) {
    /** Makes one of which it is not known what it took. */
    public ProgramRecord(OptionalInt exit, OptionalInt signal, String stdout, String stderr) {
        this(exit, signal, stdout, stderr, Optional.empty());
    }
}
