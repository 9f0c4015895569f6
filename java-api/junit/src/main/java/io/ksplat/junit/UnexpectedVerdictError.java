// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;

/**
 * The verdict is not the expected one: a bug that was not expected, or an expected bug that did not show.
 *
 * <pre>{@code
 * class Failure {
 *     static String of(Throwable thrown) {
 *         if (thrown instanceof KernelDeadlockError deadlock) {
 *             return "a deadlock instead of " + deadlock.expected();
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

    /** Creates the error of a run; only ksplat throws it. */
    public UnexpectedVerdictError(String text, Verdict verdict, Verdict expected) {
        super(text);
        this.verdict = verdict;
        this.expected = expected;
    }

    /** Returns the verdict of the run. */
    public Verdict verdict() {
        return verdict;
    }

    /** Returns the expected verdict. */
    public Verdict expected() {
        return expected;
    }
}
