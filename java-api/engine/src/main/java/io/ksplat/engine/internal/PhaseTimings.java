// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Where the attempts' time went, by the part of an attempt. Thread-safe. */
public final class PhaseTimings {
    private final Map<String, Queue<Double>> millis = new ConcurrentHashMap<>();

    /** A part of an attempt ends now; it began at a {@link System#nanoTime()}. */
    public void add(String part, long beganNanos) {
        millis.computeIfAbsent(part, p -> new ConcurrentLinkedQueue<>()).add((System.nanoTime() - beganNanos) / 1e6);
    }

    /** What a part took, each time, in milliseconds. */
    public List<Double> of(String part) {
        return List.copyOf(millis.getOrDefault(part, new ConcurrentLinkedQueue<>()));
    }

    /** Forgets what was so far. */
    public void reset() {
        millis.clear();
    }
}
