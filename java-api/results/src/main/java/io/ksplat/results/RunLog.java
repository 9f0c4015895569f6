// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results;

import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.internal.JointFiles;
import io.ksplat.results.internal.Redactor;
import io.ksplat.results.internal.ReportFolder;
import io.ksplat.results.internal.RunFolder;
import io.ksplat.results.internal.StoredReport;
import io.ksplat.results.internal.StoredRun;
import io.ksplat.results.internal.wire.ReportJson;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a report. Each run's {@code run.json} is written when the run begins, as an ERROR that did not finish, and when it ends, so
 * that nothing is lost if ksplat is killed. The files of all runs follow at most every five seconds, and when the report is flushed
 * or closed. Thread-safe.
 *
 * <pre>{@code
 * KernelName kernel = new KernelName("debian:7.2", "7.2.13+deb14-cloud-amd64", "7.2.13-cloud");
 * try (RunLog log = RunLog.in(Path.of("ksplat-report"))) {
 *     log.listen(run -> System.out.print(RunText.of(run, Path.of("ksplat-report"))));
 *     Path folder = log.begin("nmi-task-kptr", kernel, 1, Verdict.DEADLOCK);
 *     Files.writeString(folder.resolve("console.log"), "...");
 *     log.end(RunRecord.of("nmi-task-kptr", kernel, 1)
 *             .verdict(Verdict.DEADLOCK)
 *             .expected(Verdict.DEADLOCK)
 *             .build());
 * }
 * }</pre>
 */
public final class RunLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunLog.class);

    private static final long PAUSE = Duration.ofSeconds(5).toNanos();

    /** Of the time, joint writes take one part in this many at most: else thousands of quick runs are quadratic again. */
    private static final int SHARE = 50;

    private final ReportFolder files;
    private final int replaced;
    private final Redactor redactor;
    private final LongSupplier clock;
    private final Later later;
    private final LongAdder writeNanos = new LongAdder();

    /** Held by the one joint write; taken before the monitor of the log. */
    private final Object jointWrite = new Object();

    private final Map<String, StoredRun> runs = new LinkedHashMap<>();
    private final Set<String> open = new HashSet<>();
    private final List<Listener> listeners = new ArrayList<>();
    private ToIntFunction<RunRecord> order = run -> 0;
    private boolean changed = true;
    private boolean planned;
    private boolean closed;
    private long lastWrite;
    private long pause;

    /** Runs something after some nanoseconds. */
    @FunctionalInterface
    interface Later {
        void run(Runnable what, long nanos);
    }

    private RunLog(Path folder, int replaced, LongSupplier clock, Later later) {
        this.files = new ReportFolder(folder);
        this.replaced = replaced;
        this.redactor = Redactor.ofThisProcess(folder);
        this.clock = clock;
        this.later = later;
    }

    /**
     * Begins a report. It replaces an older one in the same folder: the older one's runs are not of this report any more, though
     * the files in their folders stay.
     *
     * @throws IOException if the folder cannot be written
     */
    public static RunLog in(Path folder) throws IOException {
        return in(
                folder,
                System::nanoTime,
                (what, nanos) -> CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS)
                        .execute(what));
    }

    static RunLog in(Path folder, LongSupplier clock, Later later) throws IOException {
        try {
            Files.createDirectories(folder);
            RunLog report = new RunLog(folder, StoredReport.forget(folder), clock, later);
            report.flush();
            // A report of no runs looks as if none began: the first one is entered at once.
            report.pause = 0;
            return report;
        } catch (IOException e) {
            throw new IOException(
                    "the report folder " + folder + " cannot be written (" + reason(e)
                            + "): name another with --report",
                    e);
        }
    }

    /** Returns how many runs the report had that was in the folder before. */
    public int replaced() {
        return replaced;
    }

    /** Returns the folder of the report. */
    public Path folder() {
        return files.path();
    }

    /** Returns the folder of a run's files. */
    public Path folder(RunRecord run) {
        return files.path().resolve(RunFolder.name(run));
    }

    /** Is told of every run that ends. */
    @FunctionalInterface
    public interface Listener {
        void ended(RunRecord run);
    }

    /** Adds a listener. */
    public synchronized void listen(Listener more) {
        listeners.add(more);
    }

    /** Removes a listener. */
    public synchronized void forget(Listener known) {
        listeners.remove(known);
    }

    /**
     * Sorts the runs by a number instead of by when they begin, which is chance if several are on at once. Runs of the same number
     * stay in the order in which they began.
     */
    public synchronized void order(ToIntFunction<RunRecord> by) {
        // What was in order before stays so among itself.
        List<StoredRun> before = inOrder();
        runs.clear();
        before.forEach(run -> runs.put(RunFolder.name(run.run()), run));
        order = by;
        changed = true;
    }

    /**
     * Enters a run that begins, and makes its folder.
     *
     * @throws IOException if the same run has begun and not ended: two names of the same kernel, for example
     */
    public Path begin(String reproducer, KernelName kernel, int attempt, Verdict expected) throws IOException {
        String name = RunFolder.name(reproducer, kernel.key(), attempt);
        synchronized (this) {
            if (!open.add(name)) {
                throw new IOException("the run " + name + " is on already: name a reproducer and a kernel only once");
            }
        }
        Instant now = Instant.now();
        StoredRun run = new StoredRun(RunRecord.unfinished(reproducer, kernel, attempt, expected), now, now);
        try {
            writing(() -> {
                files.makeFolder(name);
                write(run);
            });
        } catch (IOException e) {
            synchronized (this) {
                open.remove(name);
            }
            throw e;
        }
        synchronized (this) {
            runs.put(name, run);
            changed = true;
        }
        flushIfDue();
        return files.path().resolve(name);
    }

    /**
     * Enters how a run ended.
     *
     * @return the run as the report has it: without what tells of this machine; the kernel's spec stays, see {@link #shownSpec}
     */
    public RunRecord end(RunRecord run) throws IOException {
        StoredRun entered = enter(new StoredRun(run, begun(run).orElseGet(Instant::now), Instant.now()));
        flushIfDue();
        return entered.run();
    }

    private synchronized Optional<Instant> begun(RunRecord run) {
        return Optional.ofNullable(runs.get(RunFolder.name(run))).map(StoredRun::begun);
    }

    /** Enters a run that is over, and returns it as the report has it. */
    StoredRun enter(StoredRun ended) throws IOException {
        StoredRun run = ended.with(redactor.record(withControlsApart(ended.run())));
        String name = RunFolder.name(run.run());
        writing(() -> {
            Files.createDirectories(files.path().resolve(name));
            files.replace(
                    name + "/evidence.json",
                    out -> ReportJson.writeEvidence(out, run.run().evidence()));
            write(run);
        });
        List<Listener> told;
        synchronized (this) {
            runs.put(name, run);
            open.remove(name);
            changed = true;
            told = List.copyOf(listeners);
        }
        told.forEach(listener -> listener.ended(run.run()));
        return run;
    }

    /**
     * Enters the runs of another report, and copies the folders of their files.
     *
     * @param tool what led to them, in place of what wrote them
     * @return the runs as this report has them
     * @throws IOException in one line, if the other report cannot be read
     */
    public List<RunRecord> adopt(Path report, Optional<ToolRecord> tool) throws IOException {
        List<RunRecord> adopted = new ArrayList<>();
        for (StoredRun run : StoredReport.read(report)) {
            String name = RunFolder.name(run.run());
            writing(() -> RunFolder.copy(report.resolve(name), files.path().resolve(name)));
            adopted.add(enter(run.with(
                            tool.map(by -> run.run().toBuilder().tool(by).build())
                                    .orElse(run.run())))
                    .run());
        }
        flushIfDue();
        return List.copyOf(adopted);
    }

    private void write(StoredRun run) throws IOException {
        StoredRun written = run.with(redactor.spec(run.run()));
        files.replace(RunFolder.name(run.run()) + "/" + StoredReport.RUN, out -> ReportJson.writeRun(out, written));
    }

    /** The controls of a run are the fields of an object: two storms need two names. */
    private static RunRecord withControlsApart(RunRecord run) {
        Set<String> names = new HashSet<>();
        List<Control> apart = new ArrayList<>();
        for (Control control : run.controls()) {
            String name = control.name();
            for (int number = 2; !names.add(name); number++) {
                name = control.name() + " #" + number;
            }
            apart.add(new Control(control.role(), name, control.required(), control.observed(), control.most()));
        }
        return run.toBuilder().controls(apart).build();
    }

    /** Returns every run so far, in the order in which they began, or in that of {@link #order}. */
    public synchronized List<RunRecord> runs() {
        return inOrder().stream().map(StoredRun::run).toList();
    }

    private List<StoredRun> inOrder() {
        return runs.values().stream()
                .sorted(Comparator.comparingInt(run -> order.applyAsInt(run.run())))
                .toList();
    }

    /** Returns a kernel's spec as the files of this report have it: a path in it may tell of this machine. */
    public String shownSpec(String spec) {
        return redactor.spec(spec);
    }

    private void flushIfDue() throws IOException {
        synchronized (this) {
            long wait = closed ? 0 : lastWrite + pause - clock.getAsLong();
            if (wait > 0) {
                if (changed && !planned) {
                    planned = true;
                    later.run(this::flushLate, wait);
                }
                return;
            }
        }
        flush();
    }

    /** No run ends for a while: what ended before is written all the same. */
    private void flushLate() {
        synchronized (this) {
            planned = false;
        }
        try {
            flushIfDue();
        } catch (IOException e) {
            LOG.debug("the report in {} is written again when the next run ends", files.path(), e);
        }
    }

    /** Writes the files of all runs, if they are not as they should be: before ksplat ends, whatever ends it. */
    public void flush() throws IOException {
        writing(() -> {
            synchronized (jointWrite) {
                List<StoredRun> written;
                synchronized (this) {
                    if (!changed) {
                        return;
                    }
                    changed = false;
                    written = inOrder();
                }
                long begin = clock.getAsLong();
                boolean done = false;
                try {
                    JointFiles.write(
                            files,
                            written.stream()
                                    .map(run -> run.with(redactor.spec(run.run())))
                                    .toList());
                    done = true;
                } finally {
                    written(begin, done);
                }
            }
        });
    }

    private synchronized void written(long begin, boolean done) {
        changed |= !done;
        lastWrite = clock.getAsLong();
        pause = Math.max(PAUSE, SHARE * (lastWrite - begin));
    }

    /** Writes the files of all runs. A run that ends after that is written at once. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
        }
        flush();
    }

    /** Returns how long writing has taken so far, of all threads together. */
    public long writeNanos() {
        return writeNanos.sum();
    }

    /** Returns how many bytes were written so far. */
    long writtenBytes() {
        return files.bytes();
    }

    /** Writes something. */
    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }

    private void writing(Writing what) throws IOException {
        long begin = System.nanoTime();
        try {
            what.run();
        } finally {
            writeNanos.add(System.nanoTime() - begin);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof FileAlreadyExistsException) {
            return "there is a file of that name";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        return e instanceof FileSystemException file && file.getReason() != null
                ? file.getReason()
                : String.valueOf(e.getMessage());
    }
}
