// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.ParserOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Measures points of a path, several at once, and keeps the results. */
public final class PointRunner implements AutoCloseable {
    /** A machine may fail for reasons of its own. A point that fails twice is an ERROR. */
    private static final int TRIES = 2;

    private final SteppedPath path;
    private final SurvivalCheck survival;
    private final HeldLockProbe locks;
    private final Symbols symbols;
    private final Path folder;
    private final Progress progress;
    private final ExecutorService workers;
    private final TreeMap<Integer, SweepPoint> known = new TreeMap<>();
    private final AfterPoint after;
    private int deadlocks;

    /** Looks at the machine of a point when its result is certain. */
    @FunctionalInterface
    public interface AfterPoint {
        /** Looks at nothing. */
        AfterPoint NOTHING = (n, machine) -> {};

        void see(int n, VirtualMachine machine) throws IOException;
    }

    /**
     * Prepares to measure.
     *
     * @param folder receives the consoles of points without a clear result
     * @param workers the number of machines at once
     */
    public PointRunner(
            SteppedPath path,
            SurvivalCheck survival,
            HeldLockProbe locks,
            Symbols symbols,
            Path folder,
            int workers,
            AfterPoint after,
            Progress progress) {
        this.after = after;
        this.path = path;
        this.survival = survival;
        this.locks = locks;
        this.symbols = symbols;
        this.folder = folder;
        this.progress = progress;
        this.workers = Executors.newFixedThreadPool(workers, task -> {
            Thread thread = new Thread(task, "ksplat-sweep");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Measures points and returns them in the given order. */
    public List<SweepPoint> measure(List<Integer> distances) throws IOException, InterruptedException {
        List<Callable<SweepPoint>> tasks = distances.stream()
                .map(n -> (Callable<SweepPoint>) () -> {
                    SweepPoint point = measure(n, false);
                    report(distances.size());
                    return point;
                })
                .toList();
        return all(tasks);
    }

    /** Bisects between neighbours with different results, down to the instruction at which the result changes. */
    public List<SweepPoint> refine(List<SweepPoint> steps) throws IOException, InterruptedException {
        List<Callable<List<SweepPoint>>> tasks = new ArrayList<>();
        for (int i = 1; i < steps.size(); i++) {
            SweepPoint one = steps.get(i - 1);
            SweepPoint other = steps.get(i);
            if (!SweepMap.alike(one, other) && other.n() - one.n() > 1) {
                tasks.add(() -> {
                    List<SweepPoint> found = new ArrayList<>();
                    bisect(one, other, found);
                    return found;
                });
            }
        }
        return all(tasks).stream().flatMap(List::stream).toList();
    }

    private void bisect(SweepPoint low, SweepPoint high, List<SweepPoint> found) throws InterruptedException {
        if (high.n() - low.n() <= 1 || SweepMap.alike(low, high)) {
            return;
        }
        int middle = (low.n() + high.n()) >>> 1;
        progress.report("bisecting the border between " + low.where() + " and " + high.where());
        SweepPoint point = measure(middle, false);
        found.add(point);
        bisect(low, point, found);
        bisect(point, high, found);
    }

    /** Measures the deadlocks at all borders again, with the limits of an ordinary run. */
    public void confirmBorders() throws IOException, InterruptedException {
        List<SweepPoint> all;
        synchronized (known) {
            all = List.copyOf(known.values());
        }
        List<Callable<SweepPoint>> tasks = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            SweepPoint point = all.get(i);
            boolean border = (i > 0 && all.get(i - 1).verdict() != point.verdict())
                    || (i + 1 < all.size() && all.get(i + 1).verdict() != point.verdict());
            if (border && point.verdict() == Verdict.DEADLOCK) {
                progress.report("confirming the border at " + point.where());
                tasks.add(() -> confirm(point));
            }
        }
        all(tasks);
    }

    private SweepPoint confirm(SweepPoint point) throws InterruptedException {
        SweepPoint again = measure(point.n(), true);
        return SweepMap.alike(point, again)
                ? point
                : keep(failed(
                        point.n(),
                        "the first time " + point.verdict() + ", the second " + again.verdict()
                                + again.message().map(why -> " (" + why + ")").orElse("")));
    }

    /** Returns the latest results of the given points. */
    public List<SweepPoint> confirmed(List<SweepPoint> points) {
        synchronized (known) {
            return points.stream()
                    .map(point -> Optional.ofNullable(known.get(point.n())).orElse(point))
                    .toList();
        }
    }

    private SweepPoint measure(int n, boolean thorough) throws InterruptedException {
        String failure = "";
        for (int attempt = 0; attempt < TRIES; attempt++) {
            try {
                SweepPoint point = once(n, thorough);
                if (point.verdict() != Verdict.ERROR) {
                    return keep(point);
                }
                failure = point.message().orElse("");
            } catch (IOException e) {
                failure = String.valueOf(e.getMessage());
            }
        }
        return keep(failed(n, failure));
    }

    private SweepPoint once(int n, boolean thorough) throws IOException, InterruptedException {
        Path log = folder.resolve("console-" + n + ".log");
        List<String> holds = new ArrayList<>();
        SteppedPath.Injection injected = path.inject(n, memory -> holds.addAll(locks.heldIn(memory)), log);
        SurvivalCheck.Finding finding;
        try (var machine = injected.machine()) {
            finding = survival.check(machine, thorough);
            after.see(n, machine);
        }
        List<String> console = ConsoleParser.parse(Files.readAllBytes(log), ParserOptions.NMI_EXPERIMENT).stream()
                .map(Evidence::title)
                .toList();
        if (finding.message().isEmpty() && console.isEmpty()) {
            Files.delete(log);
        }
        return point(n, holds, finding, console);
    }

    private SweepPoint failed(int n, String why) {
        return point(n, List.of(), SurvivalCheck.Finding.unclear(Verdict.ERROR, why), List.of());
    }

    private SweepPoint point(int n, List<String> holds, SurvivalCheck.Finding finding, List<String> console) {
        long address = path.address(n);
        Optional<Symbol> symbol = symbols.at(address);
        return new SweepPoint(
                n,
                address,
                symbol.map(Symbol::name).orElse("0x" + Long.toHexString(address)),
                symbol.map(function -> address - function.address()).orElse(0L),
                finding.verdict(),
                holds,
                finding.waitsFor(),
                console,
                finding.message());
    }

    private SweepPoint keep(SweepPoint point) {
        synchronized (known) {
            SweepPoint before = known.put(point.n(), point);
            if (before == null && point.verdict() == Verdict.DEADLOCK) {
                deadlocks++;
            }
        }
        return point;
    }

    private void report(int wanted) {
        synchronized (known) {
            progress.report(
                    "sweeping: " + known.size() + " of " + wanted + " points, " + deadlocks + " deadlocks",
                    (double) known.size() / wanted);
        }
    }

    private <T> List<T> all(List<Callable<T>> tasks) throws IOException, InterruptedException {
        List<T> results = new ArrayList<>();
        try {
            for (Future<T> future : workers.invokeAll(tasks)) {
                results.add(future.get());
            }
        } catch (ExecutionException e) {
            throw new IOException("sweeping failed: " + e.getCause(), e);
        }
        return results;
    }

    @Override
    public void close() {
        workers.shutdownNow();
    }
}
