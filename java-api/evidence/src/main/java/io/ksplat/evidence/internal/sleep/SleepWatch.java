// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.sleep;

import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells which tasks are blocked: those that sleep uninterruptibly or killably in every look, and have not run between any two. The
 * time of the watch is the guest's, counted in beats of the slowest CPU's heart: on a starved machine it passes slowly.
 */
public final class SleepWatch {
    /** Between two beats of a heart (BEAT_PERIOD_NS, native/src/beat.h). */
    public static final Duration BEAT = Duration.ofMillis(10);

    /**
     * How long a task must not move before it counts as blocked. Under emulation, what a healthy kernel sleeps for that way takes
     * some hundred milliseconds: a grace period, or pages of a slow disk.
     */
    public static final Duration PATIENCE = Duration.ofSeconds(2);

    /**
     * The same for a task that waits for a grace period. One of RCU Tasks has parts that each last up to a second by design
     * (rcu_tasks_wait_gp, kernel/rcu/tasks.h).
     */
    public static final Duration GRACE_PERIOD = Duration.ofSeconds(10);

    /** How long nobody in a ring of locks must move: a ring is read at one moment, and a second reading rules out a torn one. */
    public static final Duration RING = Duration.ofMillis(100);

    /** Hearts make up for beats that they missed while the host starved the machine, at once: one look counts for no more. */
    private static final long MOST_BEATS = 25;

    /** What a heart's time stamp may be late. */
    private static final long LATE_NS = Duration.ofMillis(100).toNanos();

    private final OptionalLong experimentNs;
    private final Map<Long, Long> still = new LinkedHashMap<>();
    private final Set<Long> blocked = new LinkedHashSet<>();
    private boolean begun;
    private long beats;

    /** @param experimentNs nanoseconds of the guest's time since the experiment began; empty if they are not known */
    public SleepWatch(OptionalLong experimentNs) {
        this.experimentNs = experimentNs;
    }

    /**
     * Takes one look into account.
     *
     * @param passed how often the slowest CPU's heart has beaten since the last look
     */
    public void observe(List<SeenTask> tasks, long passed) {
        if (!begun) {
            begun = true;
            tasks.stream().filter(task -> !task.isRunnable()).forEach(task -> still.put(task.id(), task.switches()));
            tasks.stream()
                    .filter(task -> task.isUninterruptible() && !sleptBefore(task))
                    .forEach(task -> blocked.add(task.id()));
            return;
        }
        beats += Math.min(passed, MOST_BEATS);
        Map<Long, SeenTask> now = new HashMap<>();
        tasks.forEach(task -> now.put(task.id(), task));
        still.entrySet().removeIf(before -> {
            SeenTask task = now.get(before.getKey());
            return task == null || task.isRunnable() || task.switches() != before.getValue();
        });
        blocked.removeIf(id -> !still.containsKey(id) || !isBlocked(now.get(id)));
    }

    private static boolean isBlocked(@Nullable SeenTask task) {
        return task != null && task.isUninterruptible();
    }

    /** A kernel thread that has slept for longer than the experiment lasts is not the experiment's. */
    private boolean sleptBefore(SeenTask task) {
        return task.isKernelThread()
                && experimentNs.isPresent()
                && task.sleptNs().isPresent()
                && task.sleptNs().getAsLong() > experimentNs.getAsLong() + LATE_NS;
    }

    /** Returns the tasks of the experiment that were blocked in every look so far. */
    public Set<Long> blocked() {
        return Set.copyOf(blocked);
    }

    /** Returns all tasks that slept in every look so far, however they sleep. */
    public Set<Long> still() {
        return Set.copyOf(still.keySet());
    }

    /** Returns for how long they have been watched, in the guest's time. */
    public Duration watched() {
        return BEAT.multipliedBy(beats);
    }

    /** Returns whether as much of the guest's time has passed. */
    public boolean hasLasted(Duration time) {
        return watched().compareTo(time) >= 0;
    }
}
