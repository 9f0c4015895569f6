// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.evidence.Verdict;
import java.util.Optional;

/**
 * What a scenario expects of a kernel. It never takes part in reaching a verdict.
 *
 * @param because why, in one line
 * @param stated whether the scenario says so itself; else it expects a kernel that lives
 */
public record Expectation(Verdict verdict, Optional<String> because, boolean stated) {
    /** Returns a stated expectation without a reason. */
    public static Expectation of(Verdict verdict) {
        return new Expectation(verdict, Optional.empty(), true);
    }
}
