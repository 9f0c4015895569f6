// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bisect;

import io.ksplat.kernel.Progress;
import java.util.LinkedHashMap;
import java.util.Map;

/** Passes progress on and measures the time of each kind of step. Thread-safe. */
public final class PhaseTimer implements Progress {
    private final Progress next;
    private final Map<String, Long> nanos = new LinkedHashMap<>();
    private String current = "";
    private long since = System.nanoTime();

    public PhaseTimer(Progress next) {
        this.next = next;
    }

    @Override
    public void report(String line, double fraction) {
        next.report(line, fraction);
    }

    @Override
    public synchronized void step(String name) {
        long now = System.nanoTime();
        if (!current.isEmpty()) {
            nanos.merge(current, now - since, Long::sum);
        }
        current = name;
        since = now;
        next.step(name);
    }

    /** Returns the seconds of each kind of step since the last call, and stops the current step. */
    public synchronized Map<String, Double> take() {
        step("");
        Map<String, Double> seconds = new LinkedHashMap<>();
        nanos.forEach((name, time) -> seconds.put(name, time / 1e9));
        nanos.clear();
        return seconds;
    }
}
