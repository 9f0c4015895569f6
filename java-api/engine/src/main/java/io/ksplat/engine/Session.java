// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine;

import io.ksplat.engine.internal.BpfSources;
import io.ksplat.engine.internal.PhaseTimings;
import io.ksplat.engine.internal.QemuTargets;
import io.ksplat.engine.internal.RealTargets;
import io.ksplat.engine.internal.SharedMachine;
import io.ksplat.engine.internal.SnapshotCache;
import io.ksplat.engine.internal.Targets;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.CacheBound;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.results.RunLog;
import io.ksplat.results.ToolRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs share: the cache, the kernels that were made ready, snapshots, the report. Thread-safe.
 *
 * <pre>{@code
 * try (Session session = Session.open(SessionOptions.standard(Progress.NONE))) {
 *     Conclusion conclusion = session.run(RunSettings.of("debian:7.2"), scenario).execute();
 *     System.out.println(conclusion.verdict());
 * }
 * }</pre>
 */
public final class Session implements AutoCloseable {
    /** The message of a run that was on when ksplat got a signal. */
    public static final String INTERRUPTED = "ksplat was interrupted";

    private static final Logger LOG = LoggerFactory.getLogger(Session.class);

    /** How long runs may take to write their reports after an interrupt. */
    private static final long LAST_WORDS_NANOS = 10_000_000_000L;

    private final Cache cache;
    private final Progress progress;
    private final Optional<ToolRecord> tool;
    private final Targets targets;

    /** Softly: those of a whole catalogue are more than the heap is meant to hold. */
    private final Map<ObjectKey, SoftReference<byte[]>> objects = new ConcurrentHashMap<>();

    private final Map<Path, RunLog> reports = new HashMap<>();
    private final Set<Run> running = new HashSet<>();
    private final SnapshotCache snapshots = new SnapshotCache();
    private final PhaseTimings timings = new PhaseTimings();
    private Optional<Thread> hook = Optional.empty();
    private boolean closed;
    private boolean keptOne;

    /** Opens a session whose targets come from elsewhere than QEMU. */
    Session(SessionOptions options, Targets targets) {
        this.cache = options.cache();
        this.progress = options.progress();
        this.tool = options.tool();
        this.targets = targets;
    }

    /** Opens a session. */
    public static Session open(SessionOptions options) {
        return new Session(
                options,
                options.on()
                        .<Targets>map(machine -> new RealTargets(machine.entry(), options))
                        .orElseGet(() -> new QemuTargets(options)));
    }

    /** Opens a session that is interrupted, and writes its reports, when this process gets a signal. */
    public static Session openUntilSignal(SessionOptions options) {
        Session session = open(options);
        Thread hook = new Thread(() -> session.interrupt(INTERRUPTED), "ksplat-shutdown");
        session.hook = Optional.of(hook);
        Runtime.getRuntime().addShutdownHook(hook);
        return session;
    }

    /** Begins a run of a scenario; its steps are the caller's to take. */
    public Run run(RunSettings settings, Scenario scenario) throws IOException {
        return run(settings, scenario, Optional.empty());
    }

    /** Begins a run on a machine that others share. */
    public Run run(RunSettings settings, Scenario scenario, Optional<SharedMachine> shared) throws IOException {
        return new Run(this, settings, scenario, shared, settings.capture().map(RunSettings.Capture::folder));
    }

    Cache cache() {
        return cache;
    }

    /** Returns where progress is told. */
    public Progress progress() {
        return progress;
    }

    Optional<ToolRecord> tool() {
        return tool;
    }

    Targets targets() {
        return targets;
    }

    SnapshotCache snapshots() {
        return snapshots;
    }

    /** Returns where the runs' time went. */
    public PhaseTimings timings() {
        return timings;
    }

    /** Returns the version of QEMU. */
    public String qemuVersion() throws IOException, InterruptedException {
        return targets.version();
    }

    /** Sets how many machines to restore in advance while more attempts are announced (default 0). */
    public void keepReady(int machines) throws IOException, InterruptedException {
        targets.keepReady(machines);
    }

    /**
     * Returns two of these specs that are one kernel, in words: its runs would share their files. A kernel that cannot be fetched or
     * built is left to its runs, which tell why.
     */
    public Optional<String> sameKernel(List<KernelSpec> specs) throws InterruptedException {
        Map<String, KernelSpec> known = new HashMap<>();
        List<KernelSpec> distinct = specs.stream().distinct().toList();
        for (KernelSpec spec : distinct.size() < 2 ? List.<KernelSpec>of() : distinct) {
            try {
                String key = targets.key(spec);
                KernelSpec other = known.putIfAbsent(key, spec);
                if (other != null) {
                    return Optional.of(other + " and " + spec + " are one kernel, " + key + ": name it once");
                }
            } catch (KernelException e) {
                LOG.debug("{} is no kernel", spec, e);
            }
        }
        return Optional.empty();
    }

    /** Returns a source's object for a kernel, compiled or looked up once a session: the look-up alone reads the kernel's headers. */
    byte[] object(BpfSource source, List<String> macros, KernelInfo kernel) throws IOException, InterruptedException {
        ObjectKey key = new ObjectKey(source, macros, kernel.kernel().key());
        SoftReference<byte[]> kept = objects.get(key);
        byte[] known = kept == null ? null : kept.get();
        if (known == null) {
            progress.report("compiling " + source.name());
            known = BpfSources.object(source.owner(), source.name(), macros, kernel.headers(), cache);
            objects.put(key, new SoftReference<>(known));
        }
        return known;
    }

    private record ObjectKey(BpfSource source, List<String> macros, String kernel) {}

    /** Returns the report in a folder, which is begun now if this session has none there. */
    public synchronized RunLog report(Path folder) throws IOException {
        RunLog report = reports.get(folder);
        if (report == null) {
            report = RunLog.in(folder);
            if (report.replaced() > 0) {
                progress.report("replaces a report of " + report.replaced() + " runs: " + folder);
            }
            reports.put(folder, report);
        }
        return report;
    }

    private synchronized List<RunLog> reports() {
        return List.copyOf(reports.values());
    }

    /** Returns whether a dead machine may be left behind: only the first that asks may. */
    synchronized boolean mayKeep() {
        boolean first = !keptOne;
        keptOne = true;
        return first;
    }

    synchronized void begins(Run run) {
        if (closed) {
            throw new IllegalStateException(INTERRUPTED);
        }
        running.add(run);
    }

    synchronized void ended(Run run) {
        running.remove(run);
        notifyAll();
    }

    /** Returns whether it was interrupted or closed. */
    public synchronized boolean isInterrupted() {
        return closed;
    }

    /** Ends the machines of all runs and those that stand ready, and waits, bounded, until each run has written its report. */
    public void interrupt(String reason) {
        Set<Run> live;
        synchronized (this) {
            closed = true;
            live = Set.copyOf(running);
        }
        live.forEach(run -> run.interrupt(reason));
        targets.close();
        long end = System.nanoTime() + LAST_WORDS_NANOS;
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
        for (RunLog report : reports()) {
            try {
                report.flush();
            } catch (IOException e) {
                LOG.warn("the report in {} cannot be written: {}", report.folder(), e.getMessage());
            }
        }
    }

    /** A cache that is too large is no failure of the runs. */
    private void boundCache() {
        try {
            List<CacheBound.Item> gone = new CacheBound(cache).keep();
            if (!gone.isEmpty()) {
                progress.report("removed " + gone.size() + " old entries from the cache (ksplat cache list)");
            }
        } catch (IOException | KernelException e) {
            LOG.warn("the cache in {} cannot be pruned: {}", cache.root(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        if (!isInterrupted()) {
            hook.ifPresent(Runtime.getRuntime()::removeShutdownHook);
        }
        interrupt("the session ended");
        snapshots.close();
        boundCache();
        for (RunLog report : reports()) {
            try {
                report.close();
            } catch (IOException e) {
                throw new UncheckedIOException("the report in " + report.folder() + " cannot be written", e);
            }
        }
    }
}
