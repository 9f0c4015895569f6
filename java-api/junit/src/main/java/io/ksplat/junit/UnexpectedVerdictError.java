// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;

/**
 * The kernel did something else than was expected of it: a bug that was not expected, or an expected one that was not seen.
 *
 * <pre>{@code
 * class Failure {
 *     static String of(Throwable thrown) {
 *         if (thrown instanceof KernelDeadlockError deadlock) {
 *             return "a deadlock where " + deadlock.expected() + " was expected";
 *         } else if (thrown instanceof UnexpectedVerdictError other) {
 *             return other.verdict() + " instead of " + other.expected();
 *         }
 *         return thrown instanceof HarnessError ? "ksplat failed" : "the test failed";
 *     }
 * }
 * }</pre>
 */
public class UnexpectedVerdictError extends AssertionError {
    private static final long serialVersionUID = 1;

    private final Verdict verdict;
    private final Verdict expected;

    /** Makes the error of a run; only ksplat throws it. */
    public UnexpectedVerdictError(String text, Verdict verdict, Verdict expected) {
        super(text);
        this.verdict = verdict;
        this.expected = expected;
    }

    /** Returns what was found. */
    public Verdict verdict() {
        return verdict;
    }

    /** Returns what was expected instead. */
    public Verdict expected() {
        return expected;
    }
}
