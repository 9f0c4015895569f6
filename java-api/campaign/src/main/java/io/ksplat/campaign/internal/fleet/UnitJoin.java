// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Checks the units of a plan, and joins them: each kind of work in its own way. */
sealed interface UnitJoin permits RunJoin, HuntJoin, SweepJoin {
    /**
     * What the units together say.
     *
     * @param whole false if what was measured does not fit together
     * @param text in words, as far as it is no run and no hunt
     */
    record Joined(List<RunRecord> runs, List<HuntResult> hunts, boolean whole, String text) {
        public Joined {
            runs = List.copyOf(runs);
            hunts = List.copyOf(hunts);
        }
    }

    /** Returns the one for a plan. */
    static UnitJoin of(FleetPlan plan) {
        if (plan.work() instanceof FleetWork.Hunt) {
            return new HuntJoin();
        }
        return plan.work() instanceof FleetWork.Sweep sweep ? new SweepJoin(plan, sweep) : new RunJoin(plan);
    }

    /**
     * Returns what is wrong with a unit's folder.
     *
     * @param done whether the folder says that the unit is whole; if not, ksplat failed in it
     */
    Optional<String> damage(FleetUnit unit, Path folder, boolean done) throws IOException;

    /**
     * Joins units.
     *
     * @param units the folder of each that is there, in the plan's order
     * @param missing why, of each other
     * @param out where the joint report goes
     */
    Joined join(Map<FleetUnit, Path> units, Map<FleetUnit, String> missing, Path out) throws IOException;
}
