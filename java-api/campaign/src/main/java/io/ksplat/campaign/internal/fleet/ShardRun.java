// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Runs the units of a shard, each with a report of its own. */
public final class ShardRun {
    private final Session session;
    private final RunSettings settings;
    private final PlanReport report;
    private final ShardName shard;
    private final Map<String, List<Catalogue.Entry>> entries;
    private final Listener listener;

    /** Is told of units, by several threads, one at a time. */
    public interface Listener {
        /** Tells of a unit that is passed over: its report is there already. */
        void passed(FleetUnit unit);

        /**
         * Tells of a unit that ended.
         *
         * @param begun how often it was begun, this time included
         * @param failures what no record can hold, a line each
         * @param first false if another run of the same unit was faster, whose report stays
         */
        void ended(FleetUnit unit, List<RunRecord> runs, List<String> failures, int begun, boolean first);
    }

    /**
     * Prepares it.
     *
     * @param session stays open
     * @param settings the settings of every run, except its kernel, its number and its report
     * @param entries what each word of the plan means
     */
    public ShardRun(
            Session session,
            RunSettings settings,
            PlanReport report,
            ShardName shard,
            Map<String, List<Catalogue.Entry>> entries,
            Listener listener) {
        this.session = session;
        this.settings = settings;
        this.report = report;
        this.shard = shard;
        this.entries = Map.copyOf(entries);
        this.listener = listener;
    }

    /**
     * Runs units, several at a time.
     *
     * @param resume pass over units that are done
     * @param runners creates one runner per job
     * @return whether each unit is done now
     */
    public boolean run(List<FleetUnit> units, boolean resume, int jobs, Supplier<Runner> runners)
            throws IOException, InterruptedException {
        session.keepReady(jobs);
        AtomicInteger next = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(jobs);
        boolean whole = true;
        try {
            List<Callable<Boolean>> work = Collections.nCopies(jobs, () -> {
                boolean done = true;
                try (Runner runner = runners.get()) {
                    for (int place = next.getAndIncrement();
                            place < units.size() && !session.isInterrupted();
                            place = next.getAndIncrement()) {
                        done &= unit(runner, units.get(place), resume);
                    }
                }
                return done;
            });
            for (Future<Boolean> ended : workers.invokeAll(work)) {
                whole &= ended.get();
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw new IOException("a unit's report cannot be written: " + cause.getMessage(), e);
            }
            throw new IllegalStateException("a runner failed: " + e.getCause(), e);
        } finally {
            workers.shutdownNow();
        }
        return whole && !session.isInterrupted();
    }

    private boolean unit(Runner runner, FleetUnit unit, boolean resume) throws IOException, InterruptedException {
        if (resume && report.isDone(unit)) {
            synchronized (listener) {
                listener.passed(unit);
            }
            return true;
        }
        PlanReport.Begun begun = report.begin(unit, shard);
        List<String> failures = new ArrayList<>();
        List<RunRecord> runs;
        try (RunLog log = session.report(begun.folder())) {
            for (int attempt = unit.first(); attempt <= unit.last() && !session.isInterrupted(); attempt++) {
                for (Catalogue.Entry entry : entries.getOrDefault(unit.reproducer(), List.of())) {
                    RunOutcome outcome = runner.run(new RunRequest(
                            session,
                            entry,
                            settings.on(KernelSpec.parse(unit.kernel()))
                                    .numbered(attempt, unit.last() - attempt)
                                    .reportedIn(begun.folder())));
                    failures.addAll(outcome.failures());
                }
            }
            runs = log.runs();
        }
        if (session.isInterrupted()) {
            return false;
        }
        boolean good = failures.isEmpty() && !runs.isEmpty() && runs.stream().noneMatch(RunRecord::isError);
        boolean first = true;
        if (good) {
            first = begun.done();
        } else {
            begun.failed();
        }
        synchronized (listener) {
            listener.ended(unit, runs, failures, begun.times(), first);
        }
        return good;
    }
}
