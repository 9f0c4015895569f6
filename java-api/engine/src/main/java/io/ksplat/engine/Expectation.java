// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import java.util.Optional;
import java.util.Set;

/**
 * What a scenario expects of a kernel. It never takes part in reaching a verdict.
 *
 * @param because why, in one line
 * @param stated whether the scenario says so itself; else it expects a kernel that lives
 * @param message words of the verifier; of an expected REJECTED alone
 */
public record Expectation(Verdict verdict, Optional<String> because, boolean stated, Optional<String> message) {
    public Expectation {
        if (message.isPresent() && verdict != Verdict.REJECTED) {
            throw new IllegalArgumentException(
                    "a message belongs to an expected REJECTED: it is what the verifier says, and " + verdict
                            + " has none");
        }
    }

    /** Returns a stated expectation without a reason. */
    public static Expectation of(Verdict verdict) {
        return new Expectation(verdict, Optional.empty(), true, Optional.empty());
    }

    /**
     * Returns what differs from it though the verifier refused a program, as it should: another reason, or another program.
     *
     * @param log the verifier's whole log
     * @param own the programs of the scenario's own file: without a message a refusal of another file's program, say a tracer's, is not the
     *     one that was meant
     */
    Optional<String> mismatch(Evidence refusal, String log, Set<String> own) {
        if (verdict != Verdict.REJECTED || refusal.kind() != EvidenceKind.VERIFIER) {
            return Optional.empty();
        }
        if (message.isPresent()) {
            return log.contains(message.get()) || refusal.title().contains(message.get())
                    ? Optional.empty()
                    : Optional.of("the verifier was to say \"" + message.get() + "\", and " + refusal.title());
        }
        return refusal.function().filter(own::contains).isPresent()
                ? Optional.empty()
                : Optional.of(
                        refusal.title() + ", which is no program of the reproducer's own file: expect its message");
    }
}
