// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/** The result of a run. */
public enum Verdict {
    /** A deadlock, actual or predicted by lockdep, or a CPU that is stuck forever. */
    DEADLOCK,
    /** The kernel detected a deadlock, broke it (-EDEADLK, -ETIMEDOUT) and is alive. */
    RECOVERED,
    /** Any other splat. */
    CRASH,
    /** No evidence, and every control passed. */
    CLEAN,
    /** The verifier refused the program; its log is the evidence. */
    REJECTED,
    /** The kernel lacks something that the reproducer needs. */
    UNSUPPORTED,
    /** Nothing decides: a control failed, or the evidence is not enough. */
    INCONCLUSIVE,
    /** The harness failed, or the kernel died before the experiment began. */
    ERROR;

    /** Returns whether the kernel shows a bug and did not recover from it. */
    public boolean isSplat() {
        return this == DEADLOCK || this == CRASH;
    }
}
