// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunRecord;
import java.util.List;

/** Runs a reproducer on a kernel once and returns one record per case. */
@FunctionalInterface
public interface Trial {
    /**
     * Runs the reproducer once.
     *
     * @param attempt the number of the run on this kernel, counted from 1
     * @throws InterruptedException if the user interrupted ksplat
     */
    List<RunRecord> run(KernelSpec kernel, int attempt) throws InterruptedException;

    /**
     * Tells of a run that will be asked for: who runs on many machines begins it. Does nothing by default.
     *
     * @throws InterruptedException if the user interrupted ksplat
     */
    default void announce(KernelSpec kernel, int attempt) throws InterruptedException {}
}
