// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.List;

/** Runs a reproducer on a kernel once: a record for each of its experiments. */
@FunctionalInterface
public interface Trial {
    /**
     * One run.
     *
     * @param attempt which one on this kernel, counted from 1
     * @throws InterruptedException where the user has had enough
     */
    List<RunRecord> run(KernelSpec kernel, int attempt) throws InterruptedException;
}
