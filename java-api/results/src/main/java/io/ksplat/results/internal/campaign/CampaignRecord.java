// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.campaign;

/** What many runs together say. */
public sealed interface CampaignRecord
        permits SweepRecord, BisectRecord, PatchRecord, BenchRecord, HuntRecord, HistoryRecord {
    /** Returns the command that made it, which names its files, too. */
    default String kind() {
        if (this instanceof SweepRecord) {
            return "sweep";
        }
        if (this instanceof BisectRecord) {
            return "bisect";
        }
        if (this instanceof HuntRecord) {
            return "hunt";
        }
        if (this instanceof HistoryRecord) {
            return "history";
        }
        return this instanceof PatchRecord ? "patch" : "bench";
    }
}
