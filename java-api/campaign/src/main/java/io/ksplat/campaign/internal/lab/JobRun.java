// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import io.ksplat.campaign.Campaign;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.RunLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs the reproducers of a job.
 *
 * @param sessions opens a session for each job, which a signal interrupts
 * @param runners creates one runner per attempt at a time
 * @param find returns what an id of the catalogue means, nothing if it is of none
 * @param jobs attempts at a time
 * @param told receives each run
 */
public record JobRun(
        Supplier<Session> sessions,
        Supplier<Runner> runners,
        Function<String, List<Catalogue.Entry>> find,
        RunSettings settings,
        int jobs,
        RunLog.Listener told) {
    /** Returns the entries that a test names. */
    private List<Catalogue.Entry> entries(JobDefinition.Test test) {
        List<Catalogue.Entry> all = new ArrayList<>();
        for (String word : test.reproducers()) {
            List<Catalogue.Entry> meant = find.apply(word);
            if (meant.isEmpty()) {
                throw new IllegalArgumentException(
                        "the test " + test.id() + " names " + word + ", which this lab's catalogue lacks");
            }
            all.addAll(meant);
        }
        return all;
    }

    /** Refuses what the catalogue lacks. */
    void check(JobDefinition job) {
        job.tests().forEach(this::entries);
    }

    /**
     * Runs a job.
     *
     * @param report where its runs go
     * @param failures receives what no record can hold, a line each
     * @return whether it ran to its end or its deadline; false if this process is to end
     */
    boolean run(JobDefinition job, KernelSpec kernel, Path report, List<String> failures)
            throws IOException, InterruptedException {
        List<String> lines = Collections.synchronizedList(failures);
        for (JobDefinition.Test test : job.tests()) {
            List<Catalogue.Entry> entries = entries(test);
            ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
            Deadline deadline = new Deadline(test.limit());
            try (Session session = sessions.get()) {
                Future<?> end =
                        clock.schedule(() -> deadline.end(session), test.limit().toMillis(), TimeUnit.MILLISECONDS);
                new Campaign(session, settings.reportedIn(report), jobs, runners)
                        .run(entries, List.of(kernel), test.repeat(), told, lines::add);
                end.cancel(false);
                if (session.isInterrupted() && !deadline.isOver()) {
                    return false;
                }
            } finally {
                clock.shutdownNow();
            }
            if (deadline.isOver()) {
                lines.add("the test " + test.id() + " was ended after its " + deadline.words());
            }
        }
        return true;
    }

    /** The time that a job gives a test. */
    private static final class Deadline {
        private final Duration limit;
        private volatile boolean over;

        Deadline(Duration limit) {
            this.limit = limit;
        }

        String words() {
            return "timeout_s of " + limit.toSeconds();
        }

        void end(Session session) {
            over = true;
            session.interrupt("the job's " + words() + " is over");
        }

        boolean isOver() {
            return over;
        }
    }
}
