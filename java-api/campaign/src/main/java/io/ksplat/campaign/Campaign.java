// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunLog;
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
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Runs reproducers on kernels, several times each. */
public final class Campaign {
    private final Session session;
    private final RunSettings settings;
    private final int jobs;
    private final Supplier<Runner> runners;

    /**
     * Prepares a campaign.
     *
     * @param session stays open afterwards
     * @param settings the settings of every run, except its kernel and its number
     * @param jobs how many attempts run at once; the order of the results does not depend on it
     * @param runners creates one runner per job
     */
    public Campaign(Session session, RunSettings settings, int jobs, Supplier<Runner> runners) {
        this.session = session;
        this.settings = settings;
        this.jobs = jobs;
        this.runners = runners;
    }

    /** Parses kernel specs. */
    public static List<KernelSpec> kernels(List<String> specs) {
        return specs.stream().map(KernelSpec::parse).toList();
    }

    /**
     * Runs each reproducer on each kernel.
     *
     * @param runs receives each run, in the order of the report
     * @param failures receives each failure that no report can hold, as one line; called from several threads
     */
    public void run(
            List<Catalogue.Entry> reproducers,
            List<KernelSpec> kernels,
            int repeat,
            RunLog.Listener runs,
            Consumer<String> failures)
            throws IOException, InterruptedException {
        run(Plan.of(reproducers, kernels, 1, repeat), () -> true, runs, failures);
    }

    /**
     * Runs the attempts of a plan.
     *
     * @param goesOn whether another attempt may begin; asked before each, by several threads
     * @param runs receives each run, in the order of the report
     * @param failures receives each failure that no report can hold, as one line; called from several threads
     */
    public void run(Plan plan, BooleanSupplier goesOn, RunLog.Listener runs, Consumer<String> failures)
            throws IOException, InterruptedException {
        RunLog report = session.report(settings.report());
        OrderedListener inOrder = new OrderedListener(plan, runs);
        report.order(plan::place);
        report.listen(inOrder);
        session.keepReady(jobs);
        AtomicInteger next = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(jobs);
        try {
            List<Callable<Boolean>> work = Collections.nCopies(jobs, () -> {
                try (Runner runner = runners.get()) {
                    work(runner, plan, goesOn, next, inOrder, failures);
                }
                return true;
            });
            for (Future<Boolean> ended : workers.invokeAll(work)) {
                ended.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a runner failed: " + e.getCause(), e);
        } finally {
            workers.shutdownNow();
            report.forget(inOrder);
            inOrder.end();
        }
    }

    private void work(
            Runner runner,
            Plan plan,
            BooleanSupplier goesOn,
            AtomicInteger next,
            OrderedListener inOrder,
            Consumer<String> failures)
            throws IOException, InterruptedException {
        for (int place = next.getAndIncrement();
                place < plan.attempts().size() && !session.isInterrupted() && goesOn.getAsBoolean();
                place = next.getAndIncrement()) {
            Plan.Attempt attempt = plan.attempts().get(place);
            RunOutcome outcome = runner.run(new RunRequest(
                    session,
                    attempt.reproducer(),
                    settings.on(attempt.kernel()).numbered(attempt.number(), attempt.more())));
            outcome.failures().forEach(failures);
            inOrder.over(place);
        }
    }
}
