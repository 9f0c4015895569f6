// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.internal.RunLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.store.Namespace;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs reproducers on kernels, so many times each, through the same JUnit that an IDE uses. */
public final class Campaign {
    private final Lab lab;
    private final Map<String, String> parameters;
    private final int jobs;

    /**
     * Prepares a campaign of one attempt at a time.
     *
     * @param lab stays open afterwards
     * @param parameters configuration parameters of every run, see {@link Settings}
     */
    public Campaign(Lab lab, Map<String, String> parameters) {
        this(lab, parameters, 1);
    }

    /**
     * Prepares a campaign.
     *
     * @param jobs how many attempts run at once; the order of their results does not depend on it
     */
    public Campaign(Lab lab, Map<String, String> parameters, int jobs) {
        this.lab = lab;
        this.parameters = Map.copyOf(parameters);
        this.jobs = jobs;
    }

    /** Told of what no report can hold: a class that JUnit could not run at all. May be called by several threads. */
    @FunctionalInterface
    public interface Failures {
        void failed(String what, Throwable why);
    }

    /**
     * Runs each reproducer on each kernel.
     *
     * @param runs is told of each run, in the order in which they stand in the report
     */
    public void run(
            List<Catalogue.Entry> reproducers,
            List<KernelSpec> kernels,
            int repeat,
            RunLog.Listener runs,
            Failures failures)
            throws IOException, InterruptedException {
        run(Plan.of(reproducers, kernels, 1, repeat), runs, failures);
    }

    /** Runs one attempt, of the number {@code attempt}. */
    public void runOnce(List<Catalogue.Entry> reproducers, KernelSpec kernel, int attempt, Failures failures)
            throws IOException, InterruptedException {
        run(Plan.of(reproducers, List.of(kernel), attempt, attempt), run -> {}, failures);
    }

    private void run(Plan plan, RunLog.Listener runs, Failures failures) throws IOException, InterruptedException {
        RunLog report =
                lab.report(Path.of(parameters.getOrDefault(Settings.Keys.REPORT, Settings.DEFAULT_REPORT.toString())));
        InOrder inOrder = new InOrder(plan, runs);
        report.order(plan::place);
        report.listen(inOrder);
        lab.keepReady(jobs);
        AtomicInteger next = new AtomicInteger();
        ExecutorService workers = Executors.newFixedThreadPool(jobs);
        try {
            // Each in a session of its own: JUnit promises nothing of one launcher that is used by several threads.
            List<Callable<Boolean>> work = Collections.nCopies(jobs, () -> {
                try (LauncherSession session = LauncherFactory.openSession()) {
                    session.getStore().put(Namespace.create(Lab.KEY), Lab.KEY, new Lab.Lent(lab));
                    work(session, plan, next, inOrder, new ContainerFailures(lab, failures));
                }
                return true;
            });
            for (Future<Boolean> ended : workers.invokeAll(work)) {
                ended.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("JUnit failed: " + e.getCause(), e);
        } finally {
            workers.shutdownNow();
            report.forget(inOrder);
            inOrder.end();
        }
    }

    private void work(
            LauncherSession session, Plan plan, AtomicInteger next, InOrder inOrder, TestExecutionListener listener) {
        for (int place = next.getAndIncrement();
                place < plan.attempts().size() && !lab.isInterrupted();
                place = next.getAndIncrement()) {
            session.getLauncher().execute(request(plan.attempts().get(place)), listener);
            inOrder.over(place);
        }
    }

    private LauncherDiscoveryRequest request(Plan.Attempt attempt) {
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(attempt.reproducer().type()))
                .configurationParameters(parameters)
                .configurationParameters(attempt.reproducer()
                        .testCase()
                        .map(name -> Map.of(Settings.Keys.CASE, name))
                        .orElse(Map.of()))
                .configurationParameter(Settings.Keys.KERNEL, attempt.kernel().toString())
                .configurationParameter(Settings.Keys.ATTACH, "false")
                .configurationParameter(Settings.Keys.ATTEMPT, Integer.toString(attempt.number()))
                .configurationParameter(Settings.Keys.MORE, Integer.toString(attempt.more()))
                .build();
    }

    /** Tests that ran have their record; what fails around them has none. */
    private record ContainerFailures(Lab lab, Failures failures) implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            result.getThrowable().ifPresent(why -> {
                if (identifier.isContainer() || !lab.isReported(why)) {
                    failures.failed(identifier.getDisplayName(), why);
                }
            });
        }
    }
}
