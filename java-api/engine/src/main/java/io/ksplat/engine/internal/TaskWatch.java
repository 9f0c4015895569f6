// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.internal.sleep.SleepWatch;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.Poll;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/**
 * Looks at every task after the experiment. If none sleeps uninterruptibly or killably, that is all; else it looks again until each
 * has moved, or {@link SleepWatch#PATIENCE} of the guest's time has passed.
 */
final class TaskWatch {
    /** How many beats of the slowest heart lie between two looks: most tasks move at once. */
    private static final int[] PACE = {2, 4, 8, 16};

    private static final int SLOWEST_PACE = 25;

    /** The limit in the host's time: where hearts stand still, the guest's time does not pass. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final OutsideView view;
    private final OutsideView.Analysis analysis;
    private final OptionalLong beganNs;
    private final Deadline limit;

    /** @param beganNs the guest's clock when the experiment began */
    TaskWatch(Target target, OutsideView view, OutsideView.Analysis analysis, OptionalLong beganNs) {
        this.view = view;
        this.analysis = analysis;
        this.beganNs = beganNs;
        this.limit = Deadline.in(target.scale(LIMIT));
    }

    /** Watches, and returns what tasks sleep for that do not move. */
    List<Evidence> watch() throws IOException, InterruptedException {
        SleepWatch watch = new SleepWatch(experimentNs());
        watch.observe(analysis.tasks(), 0);
        boolean sought = false;
        for (int look = 0; !watch.blocked().isEmpty(); look++) {
            watch.observe(analysis.tasks(), awaitBeats(look < PACE.length ? PACE[look] : SLOWEST_PACE));
            boolean watched = watch.hasLasted(SleepWatch.PATIENCE) || limit.expired();
            if (!watched && (sought || !watch.hasLasted(SleepWatch.RING))) {
                continue;
            }
            sought = true;
            OutsideView.SleepFindings found =
                    analysis.ofSleepers(new OutsideView.Sleepers(watch.blocked(), watch.still(), watched));
            boolean mayPass = found.gracePeriod() && !watch.hasLasted(SleepWatch.GRACE_PERIOD) && !limit.expired();
            if (found.deadlock() || (watched && !mayPass)) {
                return found.evidence();
            }
            // That stopped the machine: it goes on.
            watch.observe(analysis.tasks(), 0);
        }
        return List.of();
    }

    private OptionalLong experimentNs() throws IOException {
        OptionalLong now = view.guestNanos();
        return now.isPresent() && beganNs.isPresent()
                ? OptionalLong.of(now.getAsLong() - beganNs.getAsLong())
                : OptionalLong.empty();
    }

    /** Waits for the slowest heart, and returns how often it has beaten. */
    private long awaitBeats(int beats) throws IOException {
        long[] before = view.heartbeats();
        while (true) {
            long passed = slowest(before, view.heartbeats());
            if (passed >= beats || limit.expired() || view.ended().isPresent()) {
                return passed;
            }
            Poll.pause();
        }
    }

    /** A CPU that never had a heart is offline. */
    private static long slowest(long[] before, long[] now) {
        long slowest = Long.MAX_VALUE;
        for (int cpu = 0; cpu < now.length; cpu++) {
            if (now[cpu] > 0) {
                slowest = Math.min(slowest, now[cpu] - before[cpu]);
            }
        }
        return slowest == Long.MAX_VALUE ? 0 : slowest;
    }
}
