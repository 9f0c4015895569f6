// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Kernel;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import io.ksplat.machine.internal.snapshot.TemplateStore;
import io.ksplat.results.internal.RunLog;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the experiments of one launch share: the cache, the kernels that were made ready, the report. One lives as long as the
 * launcher's session; whoever drives launchers may lend them its own, and closes it afterwards. Thread-safe.
 */
public final class Lab implements AutoCloseable {
    /** Where the session's store keeps it, or a {@link Lent} one. */
    public static final String KEY = "io.ksplat.lab";

    private static final Logger LOG = LoggerFactory.getLogger(Lab.class);

    private final Cache cache;
    private final Progress progress;
    private final Optional<Accelerator> accelerator;
    private final Optional<QemuLauncher> site;
    private final Kernels catalogue;
    /** Held while a kernel is built, for hours perhaps: not this lab's own monitor, which whoever ends all of it needs. */
    private final ReentrantLock resolving = new ReentrantLock();

    private final Map<KernelSpec, Kernel> kernels = new HashMap<>();

    /** Some 10 MB each, and soon read again. */
    private final Map<KernelSpec, SoftReference<KernelInfo>> facts = new HashMap<>();

    /** Softly: those of a whole catalogue are more than the heap is meant to hold. */
    private final Map<ObjectKey, SoftReference<byte[]>> objects = new ConcurrentHashMap<>();

    private final Map<Path, RunLog> reports = new HashMap<>();
    private final Set<Experiment> running = new HashSet<>();
    private final Checkpoints checkpoints = new Checkpoints();
    private final TimeSpent timeSpent = new TimeSpent();
    private final Set<Throwable> reported = Collections.newSetFromMap(new WeakHashMap<>());
    private @Nullable MachineFactory host;
    private @Nullable TemplateStore templates;
    private int ready;
    private boolean closed;
    private boolean keptOne;

    /**
     * Opens a lab.
     *
     * @param accelerator the one to use; empty: the best that boots a kernel
     * @param fragments of a kernel's configuration, on top of the profiles of what is built
     */
    public Lab(Cache cache, Progress progress, Optional<Accelerator> accelerator, List<Path> fragments) {
        this(cache, progress, accelerator, fragments, Optional.empty());
    }

    /**
     * As {@link #Lab(Cache, Progress, Optional, List)}.
     *
     * @param site where machines run; empty: on this host
     */
    public Lab(
            Cache cache,
            Progress progress,
            Optional<Accelerator> accelerator,
            List<Path> fragments,
            Optional<QemuLauncher> site) {
        this.site = site;
        this.cache = cache;
        this.progress = progress;
        this.accelerator = accelerator;
        this.catalogue = new Kernels(cache).withFragments(fragments);
    }

    /** What a session that is to use another's lab has in its store: a store closes a lab, and this one is not its to close. */
    public record Lent(Lab lab) {}

    /** The session's, made now where nobody put one there. */
    static Lab of(ExtensionContext context, Settings settings) {
        Object there = context.getStore(
                        ExtensionContext.StoreScope.LAUNCHER_SESSION, ExtensionContext.Namespace.create(KEY))
                .getOrComputeIfAbsent(
                        KEY,
                        key -> new Lab(
                                Cache.standard(),
                                new LoggedProgress(),
                                settings.accelerator(),
                                settings.fragments(),
                                site(settings)),
                        Object.class);
        return there instanceof Lent lent ? lent.lab : (Lab) there;
    }

    private static Optional<QemuLauncher> site(Settings settings) {
        if (settings.container().isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(QemuLauncher.of("container", settings.container().get()));
        } catch (IOException e) {
            throw new IllegalArgumentException(Settings.Keys.CONTAINER + ": " + e.getMessage(), e);
        }
    }

    /** Whether machines can be frozen and restored here. */
    boolean hasTemplates() {
        return site.isEmpty();
    }

    Cache cache() {
        return cache;
    }

    Progress progress() {
        return progress;
    }

    synchronized MachineFactory host() throws IOException, InterruptedException {
        if (host == null) {
            host = MachineFactory.open(cache, accelerator, site);
        }
        return host;
    }

    synchronized TemplateStore templates() throws IOException, InterruptedException {
        if (templates == null) {
            templates = new TemplateStore(host(), cache);
            templates.keepReady(ready);
        }
        return templates;
    }

    /**
     * Has so many machines stand restored while attempts that will want them are still to come.
     *
     * @see Settings#more()
     */
    public synchronized void keepReady(int machines) {
        ready = machines;
        if (templates != null) {
            templates.keepReady(machines);
        }
    }

    public TimeSpent timeSpent() {
        return timeSpent;
    }

    Checkpoints checkpoints() {
        return checkpoints;
    }

    /**
     * Two of these that are one kernel, in words: its runs would share their files. What cannot be had is left to its runs, which
     * tell why.
     */
    public Optional<String> sameKernel(List<KernelSpec> specs) throws InterruptedException {
        Map<String, KernelSpec> known = new HashMap<>();
        List<KernelSpec> distinct = specs.stream().distinct().toList();
        for (KernelSpec spec : distinct.size() < 2 ? List.<KernelSpec>of() : distinct) {
            try {
                String key = catalogue.resolve(spec, progress).key();
                KernelSpec other = known.putIfAbsent(key, spec);
                if (other != null) {
                    return Optional.of(other + " and " + spec + " are one kernel, " + key + ": name it once");
                }
            } catch (KernelException e) {
                LOG.debug("{} is of no kernel", spec, e);
            }
        }
        return Optional.empty();
    }

    /** A kernel, fetched or built, and what a boot of it tells. */
    KernelInfo kernel(KernelSpec spec) throws IOException, InterruptedException, KernelException {
        resolving.lockInterruptibly();
        try {
            SoftReference<KernelInfo> kept = facts.get(spec);
            KernelInfo known = kept == null ? null : kept.get();
            if (known == null) {
                // Resolved only once: a tree may change while it is being tried.
                Kernel kernel = kernels.get(spec);
                if (kernel == null) {
                    kernel = catalogue.resolve(spec, progress);
                    kernels.put(spec, kernel);
                }
                known = KernelInfo.of(kernel, host(), cache, progress);
                facts.put(spec, new SoftReference<>(known));
            }
            return known;
        } finally {
            resolving.unlock();
        }
    }

    /** A reproducer's programs for a kernel, compiled or looked up once a launch: the look-up alone reads the kernel's headers. */
    byte[] object(Subject subject, KernelInfo kernel) throws IOException, InterruptedException {
        ObjectKey key = new ObjectKey(
                subject.type(),
                subject.bpf(),
                subject.testCase(),
                kernel.kernel().key());
        SoftReference<byte[]> kept = objects.get(key);
        byte[] known = kept == null ? null : kept.get();
        if (known == null) {
            progress.report(subject.id() + ": compiling " + subject.bpf());
            known = BpfBuild.object(
                    subject.type(), subject.bpf(), subject.macros(kernel.btf()), kernel.headers(), cache);
            objects.put(key, new SoftReference<>(known));
        }
        return known;
    }

    private record ObjectKey(Class<?> type, String source, Optional<String> testCase, String kernel) {}

    /** The report in a folder, begun now where this lab has none there. */
    public synchronized RunLog report(Path folder) throws IOException {
        RunLog report = reports.get(folder);
        if (report == null) {
            report = RunLog.in(folder);
            reports.put(folder, report);
        }
        return report;
    }

    /** Whether a dead machine may be left behind: the first that asks. */
    synchronized boolean mayKeep() {
        boolean first = !keptOne;
        keptOne = true;
        return first;
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

    /** A test failed by itself, and the report tells so. */
    synchronized void reported(Throwable failure) {
        reported.add(failure);
    }

    /** Whether the report has this failure: then it tells more than the exception. */
    public synchronized boolean isReported(Throwable thrown) {
        return thrown instanceof HarnessError
                || thrown instanceof UnexpectedVerdictError
                || thrown instanceof org.opentest4j.TestAbortedException
                || reported.contains(thrown);
    }

    public synchronized boolean isInterrupted() {
        return closed;
    }

    /**
     * Ends the machines of all experiments and those that stand ready, and waits, bounded, until each experiment has written its
     * report.
     */
    public void interrupt(String reason) {
        Set<Experiment> live;
        TemplateStore pooled;
        synchronized (this) {
            closed = true;
            live = Set.copyOf(running);
            pooled = templates;
        }
        live.forEach(experiment -> experiment.interrupt(reason));
        if (pooled != null) {
            pooled.close();
        }
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
        checkpoints.close();
    }
}
