// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.VerifierException;
import io.ksplat.engine.Run;
import io.ksplat.engine.Scenario;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A scenario that does what it does in a process that ends: others may have its machine after it, whatever the verifier said. If it is
 * not as expected on a machine that others had before it, it is repeated alone, and that answer counts, unless the kernel had shown a bug
 * that it does not show again.
 */
public interface TrialScenario extends Scenario {
    /** Returns what differs from what it expects though the verifier refused a program, as it should. */
    Optional<String> mismatch(VerifierException refusal);

    /** Returns the BPF C that it was compiled from, which a report shows; empty if only the object is known. */
    default Optional<Path> source() {
        return Optional.empty();
    }

    /** Returns whether the kernel gave an answer that ends the trial: after a refusal there is no more to come than after a program. */
    default boolean isAnsweredBy(Run.Ending ending) {
        return ending instanceof Run.Ending.Refused
                || ending instanceof Run.Ending.Lacks
                || ending instanceof Run.Ending.Aborted;
    }
}
