// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.evidence.Verdict;

/** The kernel deadlocked, but no deadlock was expected. */
public final class KernelDeadlockError extends UnexpectedVerdictError {
    private static final long serialVersionUID = 1;

    /** Creates the error of a run; only ksplat throws it. */
    public KernelDeadlockError(String text, Verdict expected) {
        super(text, Verdict.DEADLOCK, expected);
    }
}
