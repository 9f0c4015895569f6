// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.results.RunRecord;
import java.nio.file.Path;

/** The kernel deadlocked, and nobody expected it to. The message tells who waits for whom, and shows the two stacks that matter. */
public final class KernelDeadlockError extends UnexpectedVerdictError {
    private static final long serialVersionUID = 1;

    KernelDeadlockError(RunRecord run, Path folder) {
        super(run, folder);
    }
}
