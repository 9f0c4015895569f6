// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;

/** The kernel deadlocked, and nobody expected it to. */
public final class KernelDeadlockError extends UnexpectedVerdictError {
    private static final long serialVersionUID = 1;

    /** Makes the error of a run; only ksplat throws it. */
    public KernelDeadlockError(String text, Verdict expected) {
        super(text, Verdict.DEADLOCK, expected);
    }
}
