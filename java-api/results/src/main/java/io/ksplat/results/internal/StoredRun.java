// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import java.time.Instant;

/**
 * A run as {@code run.json} holds it.
 *
 * @param begun when it began; the epoch if that is not known
 * @param ended when it ended; when it began if it did not
 */
public record StoredRun(RunRecord run, Instant begun, Instant ended) {
    /** A run of which nobody wrote down when it was. */
    static StoredRun undated(RunRecord run) {
        return new StoredRun(run, Instant.EPOCH, Instant.EPOCH);
    }

    /** Returns the same with another record. */
    public StoredRun with(RunRecord other) {
        return new StoredRun(other, begun, ended);
    }
}
