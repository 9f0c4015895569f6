// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Passes runs on in the order of a plan, even if they end in another order. Runs of the first unfinished attempt are
 * passed on at once, runs of later attempts when all attempts before them have finished. Thread-safe.
 */
final class OrderedListener implements RunLog.Listener {
    private final Plan plan;
    private final RunLog.Listener listener;
    private final Map<Integer, List<RunRecord>> waiting = new TreeMap<>();
    private final Set<Integer> over = new HashSet<>();
    private int first;

    OrderedListener(Plan plan, RunLog.Listener listener) {
        this.plan = plan;
        this.listener = listener;
    }

    @Override
    public synchronized void ended(RunRecord run) {
        int place = plan.place(run);
        if (place <= first) {
            listener.ended(run);
        } else {
            waiting.computeIfAbsent(place, p -> new ArrayList<>()).add(run);
        }
    }

    /** Marks an attempt as finished: it has no more runs. */
    synchronized void over(int place) {
        over.add(place);
        while (over.remove(first)) {
            first++;
            waiting.getOrDefault(first, List.of()).forEach(listener::ended);
            waiting.remove(first);
        }
    }

    /** Passes on the remaining runs; some attempts are missing if ksplat was interrupted. */
    synchronized void end() {
        waiting.values().forEach(runs -> runs.forEach(listener::ended));
        waiting.clear();
    }
}
