// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.sweep.AnchorShelf;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.WholeFolder;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.results.internal.KnownReports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Tries operations of BPF programs in NMIs: a task does an operation, an NMI at one of its instructions does the same
 * again, and the machine is watched from outside. Several operations are tried at once, one a worker.
 */
public final class Hunt {
    /** What asking the verifier leaves, below the kernel's folder. */
    private static final String QUESTIONS = "questions";

    private final Supplier<Runner> runners;
    private final Sources sources;
    private final KnownReports known;
    private final Path report;
    private final Progress progress;

    /** Makes a reproducer of a Java file. */
    @FunctionalInterface
    public interface Sources {
        Catalogue.Entry compile(Path java) throws IOException;
    }

    /**
     * Prepares a hunt.
     *
     * @param runners make what runs the reproducers, one for each worker
     * @param known findings that are no news
     * @param report receives the reproducers, and what their runs leave
     */
    public Hunt(Supplier<Runner> runners, Sources sources, KnownReports known, Path report, Progress progress)
            throws IOException {
        this.runners = runners;
        this.sources = sources;
        this.known = known;
        this.report = Files.createDirectories(report);
        this.progress = progress;
    }

    /**
     * Hunts, and returns what is known then of the operations: what an earlier hunt of the same kernel, seed and points left in the
     * report is not tried again.
     */
    public HuntResult run(HuntRequest request) throws IOException, InterruptedException, KernelException {
        Path folder = Files.createDirectories(report.resolve("hunt").resolve(HuntFile.folder(request)));
        HuntResult result = hunt(request, folder);
        // The session has written the reports of all runs only now.
        WholeFolder.remove(folder.resolve(QUESTIONS));
        for (HuntResult.Tried tried : result.operations()) {
            Path trial = OperationTrial.trial(folder, tried.name());
            if (tried.answer() != HuntResult.Answer.INCONCLUSIVE) {
                WholeFolder.remove(trial);
            }
        }
        return result;
    }

    private HuntResult hunt(HuntRequest request, Path folder)
            throws IOException, InterruptedException, KernelException {
        try (Session session = Session.open(AnchorShelf.options(progress))) {
            Cache cache = Cache.standard();
            Kernel kernel = new Kernels(cache).resolve(KernelSpec.parse(request.kernel()), progress);
            KernelInfo info =
                    KernelInfo.of(kernel, MachineFactory.open(cache, Optional.of(Accelerator.TCG)), cache, progress);
            RunSettings asking = RunSettings.of(request.kernel()).reportedIn(folder.resolve(QUESTIONS));
            Coverage coverage = Coverage.of(info.bpf(), (helpers, kfuncs) -> {
                try {
                    return CallQuestions.refused(session, asking, kernel, helpers, kfuncs);
                } catch (IOException e) {
                    progress.report("whether helpers and kfuncs are for such programs is not known: " + e.getMessage());
                    return Set.of();
                }
            });
            HuntFile file = HuntFile.open(folder, request, kernel.key(), coverage);
            Queue queue = new Queue(request, file);
            ExecutorService workers = Executors.newFixedThreadPool(request.workers(), task -> {
                Thread thread = new Thread(task, "ksplat-hunt");
                thread.setDaemon(true);
                return thread;
            });
            try {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < request.workers(); i++) {
                    all.add(workers.submit((Callable<Boolean>) () -> {
                        work(queue, session, request, file);
                        return true;
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            } catch (ExecutionException e) {
                throw thrown(e.getCause() == null ? e : e.getCause());
            } finally {
                workers.shutdownNow();
            }
            return file.finish(known, kernel.release());
        }
    }

    private static IOException thrown(Throwable cause) throws InterruptedException, KernelException {
        if (cause instanceof InterruptedException interrupted) {
            throw interrupted;
        }
        if (cause instanceof KernelException kernel) {
            throw kernel;
        }
        return cause instanceof IOException failed ? failed : new IOException("hunting failed: " + cause, cause);
    }

    private void work(Queue queue, Session session, HuntRequest request, HuntFile file)
            throws IOException, InterruptedException, KernelException {
        try (Runner runner = runners.get()) {
            OperationTrial trial = new OperationTrial(
                    request,
                    AnchorShelf.open(session, runner, report, progress),
                    sources,
                    new Confirmation(session, runner, sources, request.kernel(), report, progress),
                    file.folder(),
                    progress);
            for (Optional<Operation> next = queue.next(); next.isPresent(); next = queue.next()) {
                file.add(trial.run(next.get()));
            }
        }
    }

    /** The operations that are still to be tried. */
    private final class Queue {
        private final long end;
        private final Iterator<Operation> left;
        private final int all;
        private int begun;

        Queue(HuntRequest request, HuntFile file) {
            List<Operation> untried = request.operations().stream()
                    .filter(operation -> !file.has(operation))
                    .toList();
            this.left = untried.iterator();
            this.all = untried.size();
            this.end = System.nanoTime() + request.budget().toNanos();
        }

        /** Returns the next one; empty if there is none, or the time is up. */
        synchronized Optional<Operation> next() {
            if (!left.hasNext() || System.nanoTime() - end > 0) {
                return Optional.empty();
            }
            Operation next = left.next();
            begun++;
            progress.report("hunting: " + next.name() + ", the " + begun + ". of " + all);
            return Optional.of(next);
        }
    }
}
