// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.kernel.KernelException;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Does units of a plan, one after the other: each worker of a shard has one of its own. */
public interface UnitWork extends AutoCloseable {
    /**
     * What came of a unit.
     *
     * @param good whether it is whole, and ksplat did not fail
     * @param runs those that its report has
     * @param lines more of what is told, a line each
     * @param failures what no record can hold, a line each
     */
    record Done(boolean good, List<RunRecord> runs, List<String> lines, List<String> failures) {
        public Done {
            runs = List.copyOf(runs);
            lines = List.copyOf(lines);
            failures = List.copyOf(failures);
        }

        /** Makes that of a unit that came to nothing. */
        static Done failed(FleetUnit unit, IOException why) {
            return new Done(false, List.of(), List.of(), List.of(unit.id() + ": " + why.getMessage()));
        }
    }

    /**
     * Does a unit.
     *
     * @param folder receives its report
     */
    Done run(FleetUnit unit, Path folder) throws IOException, InterruptedException, KernelException;

    @Override
    void close();
}
