// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Does the units of a shard, each with a report of its own. */
public final class ShardRun {
    private final PlanReport report;
    private final ShardName shard;
    private final BooleanSupplier interrupted;
    private final Listener listener;

    /** Is told of units, by several threads, one at a time. */
    public interface Listener {
        /** Tells of a unit that is passed over: its report is there already. */
        void passed(FleetUnit unit);

        /**
         * Tells of a unit that ended.
         *
         * @param begun how often it was begun, this time included
         * @param first false if another run of the same unit was faster, whose report stays
         */
        void ended(FleetUnit unit, UnitWork.Done done, int begun, boolean first);
    }

    /**
     * Prepares it.
     *
     * @param interrupted whether no other unit may begin, and what ends now is not whole
     */
    public ShardRun(PlanReport report, ShardName shard, BooleanSupplier interrupted, Listener listener) {
        this.report = report;
        this.shard = shard;
        this.interrupted = interrupted;
        this.listener = listener;
    }

    /**
     * Does units, several at a time.
     *
     * @param resume pass over units that are done
     * @param workers make what does them, one for each job
     * @return whether each unit is done now
     */
    public boolean run(List<FleetUnit> units, boolean resume, int jobs, Supplier<UnitWork> workers)
            throws IOException, InterruptedException, KernelException {
        AtomicInteger next = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(jobs);
        boolean whole = true;
        try {
            List<Callable<Boolean>> all = Collections.nCopies(jobs, () -> {
                boolean done = true;
                try (UnitWork worker = workers.get()) {
                    for (int place = next.getAndIncrement();
                            place < units.size() && !interrupted.getAsBoolean();
                            place = next.getAndIncrement()) {
                        done &= unit(worker, units.get(place), resume);
                    }
                }
                return done;
            });
            for (Future<Boolean> ended : threads.invokeAll(all)) {
                whole &= ended.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw new IOException("a unit's report cannot be written: " + cause.getMessage(), e);
            }
            if (e.getCause() instanceof KernelException cause) {
                throw cause;
            }
            throw new IllegalStateException("a worker failed: " + e.getCause(), e);
        } finally {
            threads.shutdownNow();
        }
        return whole && !interrupted.getAsBoolean();
    }

    private boolean unit(UnitWork worker, FleetUnit unit, boolean resume)
            throws IOException, InterruptedException, KernelException {
        if (resume && report.isDone(unit)) {
            synchronized (listener) {
                listener.passed(unit);
            }
            return true;
        }
        PlanReport.Begun begun = report.begin(unit, shard);
        UnitWork.Done done = worker.run(unit, begun.folder());
        if (interrupted.getAsBoolean()) {
            return false;
        }
        boolean first = true;
        if (done.good()) {
            first = begun.done();
        } else {
            begun.failed();
        }
        synchronized (listener) {
            listener.ended(unit, done, begun.times(), first);
        }
        return done.good();
    }
}
