// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.internal.OutsideView;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.forensics.HangAnalysis;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.Suspicion;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Watches a machine from outside until it is certain what became of it: the one that runs and the points of a sweep share. */
public final class OutsideWatch {
    /** The run time without a sign of life after which a CPU is waited for: many heartbeats. */
    private static final long SILENT_NS = 300_000_000;

    /** How many times slower than its vCPUs' run time a machine may be: on a host so busy all deadlines end. */
    private static final int SLOWEST = 8;

    private final OutsideView view;
    private final OutsideView.Sampler sampler;
    private final Supplier<OutsideView.Analysis> analysis;
    private final Duration busy;
    private final int beats;
    private final Suspicion suspicion = new Suspicion();
    /** When something last changed: the CPUs must live on after it. */
    private long changed = System.nanoTime();

    /** The heartbeats since then, once they are known. */
    private Optional<long[]> baseline = Optional.empty();

    /**
     * Begins to watch.
     *
     * @param analysis looks into the machine's memory if CPUs seem stuck
     * @param busy how long a vCPU may run without a sign of life, in its own run time, before it counts as busy
     * @param beats of every CPU after the baseline, before a machine counts as alive
     */
    public OutsideWatch(
            OutsideView view,
            OutsideView.Sampler sampler,
            Supplier<OutsideView.Analysis> analysis,
            Duration busy,
            int beats) {
        this.view = view;
        this.sampler = sampler;
        this.analysis = analysis;
        this.busy = busy;
        this.beats = beats;
    }

    /** What became of the machine. */
    public sealed interface End {
        /** The machine is gone. */
        record Gone(String why) implements End {}

        /** CPUs wait for what will not come. The machine is stopped. */
        record Stuck(Diagnosis diagnosis, HangAnalysis.Findings findings) implements End {}

        /** A CPU executes code for longer than any should, and does not wait. The machine is stopped. */
        record Busy(HangAnalysis.Findings findings) implements End {}

        /** The watcher has seen enough. */
        record Decided(boolean alive) implements End {}

        /** Time was up before anything was certain. */
        record TimeUp(boolean alive) implements End {}
    }

    /** Decides, after each sample, whether to go on. */
    public interface Watcher {
        /** Returns whether something changed since the last sample: the CPUs must live on after it. */
        boolean hasChanged() throws IOException;

        /** Prepares for a stop of the machine that may be the last. */
        default void beforeStop() throws IOException {}

        /** Notes that the machine is stopped now, to read what its CPUs wait for. */
        default void atStop() {}

        /** Returns whether enough was seen. */
        boolean isDecided(Diagnosis diagnosis, boolean alive) throws IOException;

        /** Returns whether to go on although time is up, because something is known to come. */
        default boolean isAwaiting() throws IOException {
            return false;
        }
    }

    /**
     * Watches. The time in which a CPU is silent but runs does not count: it may come back.
     *
     * @param time how long to watch
     * @param last how long to watch at most while a CPU is not seen to live
     */
    public End watch(Duration time, Duration last, Watcher watcher) throws IOException, InterruptedException {
        Deadline limit = Deadline.in(last.plus(busy.multipliedBy(SLOWEST)));
        Deadline deadline = Deadline.in(time);
        Deadline end = Deadline.in(last);
        boolean alive = false;
        // A CPU whose heart stands still has yet to be called stuck: on a busy host that takes longer.
        while (!deadline.expired() || (!alive && !end.expired()) || watcher.isAwaiting()) {
            if (view.ended().isPresent()) {
                return new End.Gone(view.ended().get());
            }
            Diagnosis diagnosis = sampler.sample();
            if (suspicion.isDue(diagnosis)) {
                Optional<HangAnalysis.Findings> proof = look(diagnosis, watcher);
                if (proof.isPresent()) {
                    return new End.Stuck(diagnosis, proof.get());
                }
            }
            if (diagnosis.silentNs() >= busy.toNanos()) {
                watcher.beforeStop();
                watcher.atStop();
                return new End.Busy(analysis.get().busy(diagnosis));
            }
            if (diagnosis.silentNs() >= SILENT_NS && !limit.expired()) {
                deadline = Deadline.in(time);
                end = Deadline.in(last);
            }
            if (watcher.hasChanged()) {
                changed = System.nanoTime();
                baseline = Optional.empty();
            }
            alive = !diagnosis.isStuck() && everyCpuBeats();
            if (watcher.isDecided(diagnosis, alive)) {
                return new End.Decided(alive);
            }
            Poll.pause();
        }
        return new End.TimeUp(alive);
    }

    private Optional<HangAnalysis.Findings> look(Diagnosis diagnosis, Watcher watcher)
            throws IOException, InterruptedException {
        if (!suspicion.hasCandidate()) {
            watcher.atStop();
            suspicion.looked(diagnosis, analysis.get().waits(diagnosis));
            return Optional.empty();
        }
        watcher.beforeStop();
        watcher.atStop();
        return analysis.get().proof(diagnosis, suspicion);
    }

    private boolean everyCpuBeats() throws IOException {
        if (baseline.isEmpty()) {
            baseline = view.heartbeatsSince(changed);
        }
        return baseline.isPresent() && haveBeaten(baseline.get(), view.heartbeats(), beats);
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
