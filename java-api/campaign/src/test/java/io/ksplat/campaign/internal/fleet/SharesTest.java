// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SharesTest {
    private static final int PLANS = 300;

    private static List<FleetUnit> units(Random random) {
        List<FleetUnit> units = new ArrayList<>();
        int count = random.nextInt(60);
        for (int i = 1; i <= count; i++) {
            Optional<Double> minutes = switch (random.nextInt(4)) {
                case 0 -> Optional.empty();
                case 1 -> Optional.of(1.0);
                default -> Optional.of(random.nextDouble() * 30);
            };
            units.add(Plans.unit(i, i, i, minutes));
        }
        return units;
    }

    private static double load(List<FleetUnit> share, double unknown) {
        return share.stream().mapToDouble(unit -> Shares.minutes(unit, unknown)).sum();
    }

    /** For any plan and any number of shards. */
    @Test
    void areDisjointCompleteAndTheSameInAnyOrder() {
        for (int seed = 0; seed < PLANS; seed++) {
            Random random = new Random(seed);
            List<FleetUnit> units = units(random);
            int shards = 1 + random.nextInt(12);
            List<List<FleetUnit>> shares = Shares.of(units, shards);
            assertThat(shares).as("seed " + seed).hasSize(shards);
            List<FleetUnit> all = shares.stream().flatMap(List::stream).toList();
            assertThat(all).as("seed " + seed).hasSameSizeAs(units);
            assertThat(new HashSet<>(all)).as("seed " + seed).isEqualTo(new HashSet<>(units));
            List<FleetUnit> shuffled = new ArrayList<>(units);
            Collections.shuffle(shuffled, random);
            assertThat(Shares.of(shuffled, shards)).as("seed " + seed).isEqualTo(shares);
        }
    }

    /** Graham's bound: no shard ends later than the mean and the longest unit together. */
    @Test
    void areBalanced() {
        for (int seed = 0; seed < PLANS; seed++) {
            Random random = new Random(seed);
            List<FleetUnit> units = units(random);
            int shards = 1 + random.nextInt(12);
            double unknown = Shares.median(units);
            double longest = units.stream()
                    .mapToDouble(unit -> Shares.minutes(unit, unknown))
                    .max()
                    .orElse(0);
            double latest = Shares.of(units, shards).stream()
                    .mapToDouble(share -> load(share, unknown))
                    .max()
                    .orElse(0);
            assertThat(latest).as("seed " + seed).isLessThanOrEqualTo(load(units, unknown) / shards + longest + 1e-9);
        }
    }

    /** Otherwise the long reproducers of all rounds would run before the short ones of the first. */
    @Test
    void theRoundsOfASoakFollowEachOther() {
        FleetPlan plan = Plans.of(1, 1, "abc");
        List<FleetUnit> units = units(new Random(3));
        FleetPlan soak = FleetPlan.of(
                plan.tool(), new FleetWork.Soak(1), plan.settings(), plan.reproducers(), plan.kernels(), units);
        for (List<FleetUnit> share : Shares.of(soak, 3)) {
            assertThat(share).extracting(FleetUnit::id).isSorted();
        }
        assertThat(Shares.of(soak, 3).stream().mapToInt(List::size).sum()).isEqualTo(units.size());
    }

    @Test
    void theLongestGoesFirstAndTheUnknownTakesTheMedian() {
        List<FleetUnit> units = List.of(
                Plans.unit(1, 1, 1, Optional.of(2.0)),
                Plans.unit(2, 2, 2, Optional.empty()),
                Plans.unit(3, 3, 3, Optional.of(9.0)),
                Plans.unit(4, 4, 4, Optional.of(4.0)));
        assertThat(Shares.of(units, 2))
                .containsExactly(List.of(units.get(2)), List.of(units.get(1), units.get(3), units.get(0)));
    }
}
