// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import java.io.IOException;
import java.time.Duration;

/** Watches a machine from outside until it is certain what became of it: the one that runs and the points of a sweep share. */
public final class OutsideWatch {
    private final OutsideView view;
    private final OutsideView.Sampler sampler;
    private final int beats;
    private long[] baseline;

    /**
     * Begins to watch.
     *
     * @param beats of every CPU after the baseline, before a machine counts as alive
     */
    public OutsideWatch(OutsideView view, OutsideView.Sampler sampler, int beats) throws IOException {
        this.view = view;
        this.sampler = sampler;
        this.beats = beats;
        this.baseline = view.heartbeats();
    }

    /** What became of the machine. */
    public sealed interface End {
        /** The machine is gone. */
        record Gone(String why) implements End {}

        /** CPUs are stuck. */
        record Stuck(Diagnosis diagnosis) implements End {}

        /** The watcher has seen enough. */
        record Decided(boolean alive) implements End {}

        /** Time was up before anything was certain. */
        record TimeUp(boolean alive) implements End {}
    }

    /** Decides, after each sample, whether to go on. */
    public interface Watcher {
        /** Returns whether something changed since the last sample: the CPUs must live on after it. */
        boolean hasChanged() throws IOException;

        /** Returns whether enough was seen. */
        boolean isDecided(Diagnosis diagnosis, boolean alive) throws IOException;

        /** Returns whether to go on although time is up, because something is known to come. */
        default boolean isAwaiting() throws IOException {
            return false;
        }
    }

    /**
     * Watches.
     *
     * @param time how long to watch
     * @param last how long to watch at most while a CPU is not seen to live
     */
    public End watch(Duration time, Duration last, Watcher watcher) throws IOException {
        Deadline deadline = Deadline.in(time);
        Deadline end = Deadline.in(last);
        boolean alive = false;
        // A CPU whose heart stands still has yet to be called stuck: on a busy host that takes longer.
        while (!deadline.expired() || (!alive && !end.expired()) || watcher.isAwaiting()) {
            if (view.ended().isPresent()) {
                return new End.Gone(view.ended().get());
            }
            Diagnosis diagnosis = sampler.sample();
            if (diagnosis.isStuck()) {
                return new End.Stuck(diagnosis);
            }
            if (watcher.hasChanged()) {
                baseline = view.heartbeats();
            }
            alive = everyCpuBeats();
            if (watcher.isDecided(diagnosis, alive)) {
                return new End.Decided(alive);
            }
            Poll.pause();
        }
        return new End.TimeUp(alive);
    }

    private boolean everyCpuBeats() throws IOException {
        return haveBeaten(baseline, view.heartbeats(), beats);
    }

    /** Returns whether every CPU's heart has beaten at least {@code beats} times between two readings. */
    public static boolean haveBeaten(long[] before, long[] now, int beats) {
        for (int cpu = 0; cpu < now.length; cpu++) {
            if (now[cpu] - before[cpu] < beats) {
                return false;
            }
        }
        return true;
    }
}
