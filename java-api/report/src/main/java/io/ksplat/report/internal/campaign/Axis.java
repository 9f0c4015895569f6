// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal.campaign;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A scale from numbers to places, with ticks at round numbers. */
record Axis(double low, double high, int from, int to) {
    private static final int TICKS = 6;

    Axis {
        if (!(high > low)) {
            throw new IllegalArgumentException("an axis from " + low + " to " + high);
        }
    }

    /** Makes an axis that holds some numbers, with room beside them. */
    static Axis around(double least, double most, int from, int to) {
        double room = most > least ? (most - least) * 0.04 : Math.max(Math.abs(most) * 0.05, 0.5);
        double low = least >= 0 ? Math.max(0, least - room) : least - room;
        return new Axis(low, most + room, from, to);
    }

    int at(double value) {
        double part = (Math.min(high, Math.max(low, value)) - low) / (high - low);
        return from + (int) Math.round(part * (to - from));
    }

    /** A place and the number there. */
    public record Tick(int at, String text) {}

    List<Tick> ticks() {
        double step = Math.pow(10, Math.floor(Math.log10((high - low) / TICKS)));
        for (int factor : new int[] {1, 2, 5, 10}) {
            if ((high - low) / (step * factor) <= TICKS) {
                step *= factor;
                break;
            }
        }
        int places = (int) Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
        List<Tick> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step); i * step <= high && ticks.size() <= 2 * TICKS; i++) {
            ticks.add(new Tick(at(i * step), String.format(Locale.ROOT, "%." + places + "f", i * step)));
        }
        return ticks;
    }
}
