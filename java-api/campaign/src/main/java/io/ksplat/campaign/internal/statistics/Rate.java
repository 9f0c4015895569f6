// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.statistics;

import java.util.Locale;
import org.apache.commons.statistics.interval.BinomialConfidenceInterval;
import org.apache.commons.statistics.interval.Interval;

/** How often something was seen in a number of runs. */
public record Rate(int seen, int runs) {
    /** The error rate of the printed intervals. */
    public static final double ERROR_RATE = 0.05;

    public static final Rate NONE = new Rate(0, 0);

    public Rate {
        if (seen < 0 || seen > runs) {
            throw new IllegalArgumentException(seen + " of " + runs + " is not a rate");
        }
    }

    /** Adds a run. */
    public Rate and(boolean seenAgain) {
        return new Rate(seen + (seenAgain ? 1 : 0), runs + 1);
    }

    /** Returns the lower end of the Clopper-Pearson interval with an error of {@code errorRate}. */
    public double lower(double errorRate) {
        return runs == 0 ? 0 : interval(errorRate).getLowerBound();
    }

    /** Returns the upper end of that interval. */
    public double upper(double errorRate) {
        return runs == 0 ? 1 : interval(errorRate).getUpperBound();
    }

    private Interval interval(double errorRate) {
        return BinomialConfidenceInterval.CLOPPER_PEARSON.fromErrorRate(runs, seen, errorRate);
    }

    /** Returns for example {@code 5 of 6 (36 % to 100 %)}. */
    @Override
    public String toString() {
        if (runs == 0) {
            return "0 of 0";
        }
        return String.format(
                Locale.ROOT,
                "%d of %d (%.0f %% to %.0f %%)",
                seen,
                runs,
                100 * lower(ERROR_RATE),
                100 * upper(ERROR_RATE));
    }
}
