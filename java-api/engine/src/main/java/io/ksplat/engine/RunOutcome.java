// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.results.RunRecord;
import java.util.List;

/**
 * What came of a request.
 *
 * @param failures what no record can hold, a line each: a class that could not be run at all
 */
public record RunOutcome(List<RunRecord> records, List<String> failures) {
    public RunOutcome {
        records = List.copyOf(records);
        failures = List.copyOf(failures);
    }
}
