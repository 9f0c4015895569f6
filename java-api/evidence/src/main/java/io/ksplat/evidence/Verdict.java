// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

/** What a run came to. */
public enum Verdict {
    /** An actual or lockdep-predicted deadlock, or a CPU stuck for good. */
    DEADLOCK,
    /** The kernel found a deadlock, broke it (-EDEADLK, -ETIMEDOUT), and lives. */
    RECOVERED,
    /** Any other splat. */
    CRASH,
    /** No evidence, and every control passed. */
    CLEAN,
    /** The verifier refused the program; its log is the evidence. */
    REJECTED,
    /** This kernel lacks something that the reproducer needs. */
    UNSUPPORTED,
    /** Nothing that decides: a control failed, or the evidence is not enough. */
    INCONCLUSIVE,
    /** The harness failed, or the kernel died before the experiment began. */
    ERROR
}
