// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.Judged;
import io.ksplat.results.internal.News;
import java.util.List;

/** Exit codes. */
final class Exit {
    /** Every verdict is the expected one. */
    static final int EXPECTED = 0;
    /** Some verdict differs. */
    static final int UNEXPECTED = 1;

    static final int USAGE = 2;
    /** The harness failed: some verdict is ERROR, or there is none. */
    static final int HARNESS = 3;

    private Exit() {}

    /** Returns the code of a report's runs. */
    static int of(List<RunRecord> runs) {
        if (runs.isEmpty() || runs.stream().anyMatch(RunRecord::isError)) {
            return HARNESS;
        }
        return runs.stream().noneMatch(Judged::isUnexpected) ? EXPECTED : UNEXPECTED;
    }

    /** Returns the code of a report's runs, of which only what is news counts. */
    static int of(List<RunRecord> runs, News news) {
        int code = of(runs);
        return code == UNEXPECTED && runs.stream().noneMatch(news::isIn) ? EXPECTED : code;
    }
}
