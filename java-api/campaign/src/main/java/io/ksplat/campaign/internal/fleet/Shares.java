// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** Divides units among shards: the longest first, each to the shard that has least to do. */
public final class Shares {
    private Shares() {}

    /** Returns the units of each shard, in the order in which they are begun: the rounds of a soak one after the other. */
    public static List<List<FleetUnit>> of(FleetPlan plan, int shards) {
        List<List<FleetUnit>> shares = of(plan.units(), shards);
        return plan.work() instanceof FleetWork.Soak
                ? shares.stream()
                        .map(share -> share.stream()
                                .sorted(Comparator.comparing(FleetUnit::id))
                                .toList())
                        .toList()
                : shares;
    }

    /** Returns the units of each shard, the longest first; the same for the same units, in any order. Each unit is in one shard. */
    static List<List<FleetUnit>> of(List<FleetUnit> units, int shards) {
        if (shards < 1) {
            throw new IllegalArgumentException("there must be at least one shard");
        }
        double unknown = median(units);
        List<FleetUnit> longestFirst = units.stream()
                .sorted(Comparator.comparingDouble((FleetUnit unit) -> -minutes(unit, unknown))
                        .thenComparing(FleetUnit::id))
                .toList();
        List<List<FleetUnit>> shares = new ArrayList<>();
        double[] load = new double[shards];
        for (int shard = 0; shard < shards; shard++) {
            shares.add(new ArrayList<>());
        }
        for (FleetUnit unit : longestFirst) {
            int least = 0;
            for (int shard = 1; shard < shards; shard++) {
                if (load[shard] < load[least]) {
                    least = shard;
                }
            }
            load[least] += minutes(unit, unknown);
            shares.get(least).add(unit);
        }
        return shares.stream().map(List::copyOf).toList();
    }

    /** Returns how long a unit takes, given how long one takes that never ran. */
    static double minutes(FleetUnit unit, double unknown) {
        return unit.minutes()
                .filter(known -> known > 0 && known < Double.MAX_VALUE)
                .orElse(unknown);
    }

    /** Returns the median of the known durations; if none is known, all units take the same time. */
    static double median(List<FleetUnit> units) {
        List<Double> known = new ArrayList<>(units.stream()
                .flatMap(unit -> unit.minutes().stream())
                .filter(minutes -> minutes > 0 && minutes < Double.MAX_VALUE)
                .toList());
        Collections.sort(known);
        if (known.isEmpty()) {
            return 1;
        }
        int middle = known.size() / 2;
        return known.size() % 2 == 1 ? known.get(middle) : (known.get(middle - 1) + known.get(middle)) / 2;
    }
}
