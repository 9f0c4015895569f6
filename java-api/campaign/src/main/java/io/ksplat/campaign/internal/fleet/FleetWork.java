// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.ksplat.campaign.internal.hunt.HuntMode;
import io.ksplat.campaign.internal.hunt.HuntScope;
import java.util.Objects;

/** What the units of a plan are: their {@link FleetUnit#first} and {@link FleetUnit#last} count attempts, rounds or points. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = FleetWork.Runs.class, name = "run"),
    @JsonSubTypes.Type(value = FleetWork.Soak.class, name = "soak"),
    @JsonSubTypes.Type(value = FleetWork.Hunt.class, name = "hunt"),
    @JsonSubTypes.Type(value = FleetWork.Sweep.class, name = "sweep")
})
public sealed interface FleetWork {
    /** Attempts of reproducers. */
    record Runs() implements FleetWork {
        @Override
        public String numbers(FleetUnit unit) {
            return counted("attempt", unit);
        }
    }

    /**
     * Rounds in which each reproducer runs once on each kernel.
     *
     * @param seed chooses the order of each round
     */
    record Soak(long seed) implements FleetWork {
        @Override
        public String numbers(FleetUnit unit) {
            return counted("round", unit);
        }
    }

    /**
     * Operations of BPF programs, each a unit.
     *
     * @param mode in which context an operation is done once more; in an NMI, if nothing is said
     * @param points how many instructions to send an NMI to, or places to attach a program to
     * @param exhaustive whether to try all
     * @param seed chooses those that no rule chooses
     */
    record Hunt(HuntMode mode, int points, boolean exhaustive, long seed) implements FleetWork {
        public Hunt {
            mode = Objects.requireNonNullElse(mode, HuntMode.NMI);
        }

        /** Makes the work of a scope. */
        public static Hunt of(HuntScope scope) {
            return new Hunt(scope.mode(), scope.points(), scope.exhaustive(), scope.seed());
        }

        HuntScope scope() {
            return new HuntScope(mode, points, exhaustive, seed);
        }

        @Override
        public String numbers(FleetUnit unit) {
            return "";
        }
    }

    /**
     * Points of one path.
     *
     * @param anchor the name of the frozen machine
     * @param start instructions from it to the first point
     * @param points how many in all units together
     * @param stride instructions from one point to the next
     */
    record Sweep(String anchor, int start, int points, int stride) implements FleetWork {
        @Override
        public String numbers(FleetUnit unit) {
            return counted("point", unit);
        }

        /** Returns how far from the anchor a point lies. */
        int distance(int number) {
            return start + (number - 1) * stride;
        }

        /** Returns the last point that a unit measures: the next unit's first, so that no border between two units is missed. */
        int measuredTo(FleetUnit unit) {
            return Math.min(points, unit.last() + 1);
        }
    }

    /** Returns which numbers a unit has, in words; empty if it has none. */
    String numbers(FleetUnit unit);

    private static String counted(String what, FleetUnit unit) {
        return ", "
                + (unit.first() == unit.last()
                        ? what + " " + unit.first()
                        : what + "s " + unit.first() + " to " + unit.last());
    }
}
