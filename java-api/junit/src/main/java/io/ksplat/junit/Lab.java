// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.guest.Host;
import io.ksplat.guest.KernelFacts;
import io.ksplat.guest.Templates;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.report.Report;
import io.ksplat.vm.Accelerator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What the experiments of one launch share: the cache, the kernels that were made ready, the report. One lives as long as the
 * launcher's session; whoever drives a launcher may put its own there. Thread-safe.
 */
public final class Lab implements AutoCloseable {
    /** Where the session's store keeps it. */
    public static final String KEY = "io.ksplat.lab";

    private final Cache cache;
    private final Progress progress;
    private final Optional<Accelerator> accelerator;
    private final Map<KernelSpec, KernelFacts> kernels = new HashMap<>();
    private final Map<ObjectKey, byte[]> objects = new ConcurrentHashMap<>();
    private final Map<Path, Report> reports = new HashMap<>();
    private final Set<Experiment> running = new HashSet<>();
    private @Nullable Host host;
    private @Nullable Templates templates;
    private boolean closed;

    public Lab(Cache cache, Progress progress, Optional<Accelerator> accelerator) {
        this.cache = cache;
        this.progress = progress;
        this.accelerator = accelerator;
    }

    /** The session's, made now where nobody put one there. */
    static Lab of(ExtensionContext context, Settings settings) {
        return context.getStore(ExtensionContext.StoreScope.LAUNCHER_SESSION, ExtensionContext.Namespace.create(KEY))
                .getOrComputeIfAbsent(
                        KEY, key -> new Lab(Cache.standard(), Progress.NONE, settings.accelerator()), Lab.class);
    }

    Cache cache() {
        return cache;
    }

    Progress progress() {
        return progress;
    }

    synchronized Host host() throws IOException, InterruptedException {
        if (host == null) {
            host = Host.open(cache, accelerator);
        }
        return host;
    }

    synchronized Templates templates() throws IOException, InterruptedException {
        if (templates == null) {
            templates = new Templates(host(), cache);
        }
        return templates;
    }

    /** A kernel, fetched or built, and what a boot of it tells. */
    synchronized KernelFacts kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        KernelFacts known = kernels.get(spec);
        if (known == null) {
            known = KernelFacts.of(new Kernels(cache).resolve(spec, progress), host(), cache, progress);
            kernels.put(spec, known);
        }
        return known;
    }

    /** A reproducer's programs for a kernel, compiled or looked up once a launch: the look-up alone reads the kernel's headers. */
    byte[] object(Subject subject, KernelFacts kernel) throws IOException, InterruptedException {
        ObjectKey key = new ObjectKey(
                subject.type(),
                subject.bpf(),
                subject.testCase(),
                kernel.kernel().key());
        byte[] known = objects.get(key);
        if (known == null) {
            progress.report(subject.id() + ": compiling " + subject.bpf());
            known = BpfBuild.object(subject.type(), subject.bpf(), subject.testCase(), kernel.headers(), cache);
            objects.put(key, known);
        }
        return known;
    }

    private record ObjectKey(Class<?> type, String source, Optional<String> testCase, String kernel) {}

    /** The report in a folder, begun now where this lab has none there. */
    public synchronized Report report(Path folder) throws IOException {
        Report report = reports.get(folder);
        if (report == null) {
            report = Report.in(folder);
            reports.put(folder, report);
        }
        return report;
    }

    synchronized void begins(Experiment experiment) {
        if (closed) {
            throw new IllegalStateException("ksplat was interrupted");
        }
        running.add(experiment);
    }

    synchronized void ended(Experiment experiment) {
        running.remove(experiment);
        notifyAll();
    }

    /** Whether a verdict was reached and reported: then the report tells more than the exception. */
    public static boolean isJudgement(Throwable thrown) {
        return thrown instanceof HarnessError
                || thrown instanceof UnexpectedVerdictError
                || thrown instanceof org.opentest4j.TestAbortedException;
    }

    public synchronized boolean isInterrupted() {
        return closed;
    }

    /**
     * Ends the machines of all experiments and waits, bounded, until each has written its report.
     */
    public void interrupt(String reason) {
        Set<Experiment> live;
        synchronized (this) {
            closed = true;
            live = Set.copyOf(running);
        }
        live.forEach(experiment -> experiment.interrupt(reason));
        long end = System.nanoTime() + 10_000_000_000L;
        synchronized (this) {
            while (!running.isEmpty()
                    && System.nanoTime() < end
                    && !Thread.currentThread().isInterrupted()) {
                try {
                    wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    @Override
    public void close() {
        interrupt("the launcher's session ended");
    }
}
