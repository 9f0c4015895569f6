// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import java.util.List;

/** A quantity that was measured several times. */
public record Figure(String name, String unit, List<Double> values) {
    public Figure {
        if (values.isEmpty()) {
            throw new IllegalArgumentException(name + " has no values");
        }
        values = values.stream().sorted().toList();
    }

    /** Returns the median; for an even number of values, the mean of the middle two. */
    public double median() {
        int middle = values.size() / 2;
        return values.size() % 2 == 1 ? values.get(middle) : (values.get(middle - 1) + values.get(middle)) / 2;
    }

    public double min() {
        return values.get(0);
    }

    public double max() {
        return values.get(values.size() - 1);
    }
}
