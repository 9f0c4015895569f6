// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An engine that the user has, by a command that runs a program on one of its machines and ends when that ends, with its exit code: {@code srun},
 * {@code ssh}. The launcher, the folder and what a kernel spec names are on that machine where they are here. Thread-safe.
 */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /** As often as Slurm is asked to begin a task again, and the first time. */
    private static final int TIMES = 3;

    private static final long GRACE_SECONDS = 10;

    private final Way way;
    private final ThreadPoolExecutor workers;
    private final Set<Process> running = ConcurrentHashMap.newKeySet();
    private final Set<Path> unclaimed = ConcurrentHashMap.newKeySet();
    private final Thread hook = new Thread(this::endAll, "ksplat-engine");
    private volatile boolean ending;

    /**
     * How it is reached.
     *
     * @param command what a shell runs, with ksplat's own command behind it
     * @param launcher ksplat, as the machines find it
     * @param folder shared with the machines; exists
     * @param deadline of one attempt, with its time in the queue
     * @param jobs attempts at a time
     */
    public record Way(String command, Path launcher, Path folder, Duration deadline, int jobs) {}

    /** Opens it. */
    public Engine(Way way) {
        this.way = way;
        this.workers = new ThreadPoolExecutor(
                way.jobs(), way.jobs(), 0, TimeUnit.SECONDS, new PriorityBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, "ksplat-engine-attempt");
                    thread.setDaemon(true);
                    return thread;
                });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    int jobs() {
        return way.jobs();
    }

    /** What is wanted first comes first, whenever it was asked for. */
    private static final class Attempt extends FutureTask<Path> implements Comparable<Attempt> {
        private final int number;

        Attempt(int number, Callable<Path> work) {
            super(work);
            this.number = number;
        }

        @Override
        public int compareTo(Attempt other) {
            return Integer.compare(number, other.number);
        }
    }

    /**
     * Begins a plan of one attempt; lower numbers begin earlier.
     *
     * @return the report of its runs, in a folder of its own
     */
    Future<Path> begin(FleetPlan plan, int number) {
        Attempt attempt = new Attempt(number, () -> attempt(plan));
        workers.execute(attempt);
        return attempt;
    }

    private Path attempt(FleetPlan plan) throws IOException, InterruptedException {
        Path own = Files.createTempDirectory(way.folder(), "attempt-");
        unclaimed.add(own);
        Path file = Files.writeString(own.resolve("plan.json"), plan.json(), StandardCharsets.UTF_8);
        Path report = own.resolve("report");
        String why = "";
        for (int time = 1; time <= TIMES; time++) {
            Path log = own.resolve("log-" + time);
            String ended = run(
                    List.of(
                            way.launcher().toString(),
                            "run",
                            "--plan",
                            file.toString(),
                            "--report",
                            report.toString(),
                            "--resume"),
                    log);
            why = ended + ": " + lastLine(log);
            if (!PlanReport.isOne(report)) {
                continue;
            }
            PlanMerge.Joint joint = PlanMerge.of(List.of(report)).into(own.resolve("joint"));
            if (joint.missing().isEmpty()
                    && (time == TIMES || joint.runs().stream().noneMatch(RunRecord::isError))) {
                return own.resolve("joint");
            }
        }
        unclaimed.remove(own);
        throw new IOException(plan.words(plan.units().get(0)) + " did not run through `" + way.command() + "`, " + TIMES
                + " times; the last time: " + why + " (what was printed: " + own + "/log-*)");
    }

    /** Removes the folder of a report that {@link #begin} returned. */
    void remove(Path joint) throws IOException {
        Path own = joint.resolveSibling("").normalize();
        unclaimed.remove(own);
        Folders.remove(own);
    }

    private static String lastLine(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> !line.isBlank())
                    .reduce((first, second) -> second)
                    .orElse("it printed nothing");
        }
    }

    /** Returns how it ended, in words. */
    private String run(List<String> command, Path log) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("sh", "-c", way.command() + " \"$@\"", "ksplat"));
        words.addAll(command);
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        running.add(process);
        try {
            if (ending) {
                throw new InterruptedException("ksplat was interrupted");
            }
            process.getOutputStream().close();
            return process.waitFor(way.deadline().toSeconds(), TimeUnit.SECONDS)
                    ? "exit code " + process.exitValue()
                    : "it did not end within " + way.deadline().toSeconds() + " s";
        } finally {
            end(process);
            running.remove(process);
        }
    }

    /** {@code srun} and {@code ssh} end what they began if they are asked to end, and not if they are killed. */
    private static void end(Process process) {
        List<ProcessHandle> all = Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
        all.forEach(ProcessHandle::destroy);
        try {
            for (ProcessHandle each : all) {
                each.onExit()
                        .completeOnTimeout(each, GRACE_SECONDS, TimeUnit.SECONDS)
                        .join();
            }
        } finally {
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private void endAll() {
        ending = true;
        running.parallelStream().forEach(Engine::end);
        for (Path each : unclaimed) {
            try {
                Folders.remove(each);
            } catch (IOException e) {
                LOG.warn("{} cannot be removed: {}", each, e.getMessage());
            }
        }
    }

    /** Ends what is still on, and removes what nobody asked for; what failed stays. */
    @Override
    public void close() {
        ending = true;
        workers.shutdownNow();
        try {
            workers.awaitTermination(2 * GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        endAll();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs already.
        }
    }
}
