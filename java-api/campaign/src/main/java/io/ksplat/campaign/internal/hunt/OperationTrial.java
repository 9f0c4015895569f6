// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.Anchor;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
import io.ksplat.campaign.internal.sweep.ExchangedWords;
import io.ksplat.campaign.internal.sweep.FrozenMachine;
import io.ksplat.campaign.internal.sweep.NoAnchorException;
import io.ksplat.campaign.internal.sweep.PointRunner;
import io.ksplat.campaign.internal.sweep.SteppedPath;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.Symbol;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Tries one operation after the other. Each machine is restored from the one that was frozen where the task's operation
 * begins.
 *
 * @param folder receives the files of each operation, in a folder of its own
 */
record OperationTrial(
        HuntRequest request,
        AnchorShelf anchors,
        Hunt.Sources sources,
        Confirmation confirmation,
        Path folder,
        Progress progress) {
    /** What each measured point of an operation showed, in its folder. */
    private static final String POINTS = "points.txt";

    /** A counter of each operation's program. */
    private static final String TASK_SUCCEEDED = "task_succeeded";

    private static final String TASK_ERROR = "task_error";

    /** Whether its last turn did not succeed. */
    private static final String TASK_FAILED = "task_failed";

    /** What runs of several places at once leave, in the operation's folder. */
    private static final String TRIAL = "trial";

    /** The load unlinks files, and the task's program is attached there. */
    private static final String BEGIN = "vfs_unlink";

    private static final int LONGEST = 8192;

    /** The program runs once for each handler of NMIs. */
    private static final int LONGEST_NMI = 4 * LONGEST;

    /** Returns where the files of an operation lie that tell no more once it has an answer. */
    static Path trial(Path folder, String operation) {
        return own(folder, operation).resolve(TRIAL);
    }

    private static Path own(Path folder, String operation) {
        return folder.resolve(operation.replace('/', '+'));
    }

    /** Tries an operation. What ksplat fails at is an answer, too, and says so. */
    Tried run(Operation operation) throws InterruptedException, KernelException, IOException {
        Path own = own(folder, operation.name());
        String anchor = "";
        try {
            Path java = OperationPair.write(
                    request.scope().mode() == HuntMode.NMI ? own : own.resolve("walk"),
                    operation,
                    operation.id(HuntMode.NMI),
                    Repetition.InNmi.ofWalk(BEGIN, operation.hit()),
                    Verdict.CLEAN,
                    "no lock is held at the beginning");
            anchor = anchors.freeze(
                    sources.compile(java),
                    request.kernel(),
                    BEGIN,
                    operation.hit(),
                    List.of(TASK_SUCCEEDED, TASK_FAILED, TASK_ERROR, Judged.SUCCEEDED, Judged.ERROR),
                    Optional.of(Repetition.InNmi.WALKED_TURN));
            FrozenMachine frozen = anchors.open(anchor);
            Walked walked = walk(own, frozen);
            Tried tried = switch (request.scope().mode()) {
                case NMI -> interrupt(operation, own, frozen, walked.path());
                case REENTRY -> enter(operation, own, frozen, walked.path());
            };
            return walked.error().isPresent()
                    ? tried.afterFailedTask(walked.error().getAsLong())
                    : tried;
        } catch (NoAnchorException e) {
            return noAnchor(operation, e);
        } catch (IOException e) {
            return failed(operation, String.valueOf(e.getMessage()));
        } finally {
            if (!anchor.isEmpty()) {
                anchors.remove(anchor);
            }
        }
    }

    private Tried noAnchor(Operation operation, NoAnchorException e) {
        Optional<RunRecord> run = e.run();
        Verdict verdict = run.map(RunRecord::verdict).orElse(Verdict.ERROR);
        return switch (verdict) {
            case UNSUPPORTED -> without(operation, Answer.UNSUPPORTED, run.flatMap(RunRecord::message), false);
            case REJECTED -> without(operation, Answer.REJECTED, run.flatMap(RunRecord::message), false);
            default -> failed(operation, String.valueOf(e.getMessage()));
        };
    }

    private Tried failed(Operation operation, String why) {
        return without(operation, Answer.INCONCLUSIVE, Optional.of(why), true);
    }

    private Tried without(Operation operation, Answer answer, Optional<String> why, boolean failed) {
        return Tried.without(operation, request.scope().mode(), answer, why, failed);
    }

    /**
     * What the task did in the frozen machine.
     *
     * @param error of the operation, positive; empty if it succeeded
     */
    private record Walked(SteppedPath path, OptionalLong error) {}

    private Walked walk(Path own, FrozenMachine frozen) throws IOException {
        Symbol begin = frozen.symbols().named(BEGIN).get(0);
        Map<String, Long> atEnd = new HashMap<>();
        SteppedPath path = SteppedPath.walk(
                frozen.template(),
                frozen.tools(),
                frozen.symbols(),
                frozen.anchor().cpu(),
                new SteppedPath.Extent(
                        LONGEST,
                        addresses -> isBack(begin, addresses),
                        machine -> atEnd.putAll(frozen.anchor().read(machine))),
                own,
                progress);
        return new Walked(
                path,
                atEnd.getOrDefault(TASK_FAILED, 0L) == 0
                        ? OptionalLong.empty()
                        : OptionalLong.of(atEnd.getOrDefault(TASK_ERROR, 0L)));
    }

    private Tried enter(Operation operation, Path own, FrozenMachine frozen, SteppedPath path)
            throws IOException, InterruptedException {
        List<Place> places = PlaceSearch.of(path, frozen, request.scope(), own.resolve("path.log"));
        if (places.isEmpty()) {
            return without(
                    operation,
                    Answer.UNSUPPORTED,
                    Optional.of("it passes no function and no event that a program can be attached to"),
                    false);
        }
        Path trials = own.resolve(TRIAL);
        return new ReentryTrial(
                        operation,
                        group -> confirmation.together(operation, group, trials),
                        (place, deadly, lock, number) -> confirmation.at(operation, place, deadly, lock, number, own),
                        places,
                        path.length())
                .run();
    }

    private Tried interrupt(Operation operation, Path own, FrozenMachine frozen, SteppedPath path)
            throws IOException, InterruptedException {
        Anchor anchor = frozen.anchor();
        Map<Integer, Map<String, Long>> counters = new ConcurrentHashMap<>();
        Path log = own.resolve("path.log");
        if (operation.other().isPresent() && !request.scope().exhaustive() && !haveOneLock(frozen, path, log)) {
            return without(
                    operation,
                    Answer.UNRELATED,
                    Optional.of(operation.inNmi() + " in the NMI takes no lock that " + operation.inTask() + " takes"),
                    false);
        }
        try (PointRunner points = new PointRunner(
                path,
                frozen.survival(),
                frozen.locks(path, log),
                frozen.symbols(),
                own,
                // The other workers have operations of their own.
                1,
                (n, machine) -> counters.put(n, anchor.read(machine)),
                progress)) {
            HuntScope scope = request.scope();
            List<Integer> chosen = scope.exhaustive()
                    ? IntStream.range(0, path.length()).boxed().toList()
                    : PointChoice.of(path, scope.points(), scope.seed(), log);
            Files.deleteIfExists(log);
            SweepMap map = map(operation, anchor, path, points, chosen);
            Files.write(
                    own.resolve(POINTS),
                    map.measured().stream().map(OperationTrial::words).toList());
            return new Judged(operation, path.length(), path.length() < LONGEST, map, counters)
                    .answer((windows, deadly) ->
                            confirmation.of(operation, path, frozen.symbols(), windows, deadly, own));
        }
    }

    /** Returns whether both take the same lock, by its address; or if that cannot be told: the NMI is too long, or one of them failed. */
    private boolean haveOneLock(FrozenMachine frozen, SteppedPath path, Path log) throws IOException {
        progress.report("looking for a lock that both take");
        ExchangedWords words = new ExchangedWords(frozen, log);
        Optional<ExchangedWords.Found> inNmi = words.inNmi(LONGEST_NMI, Judged.SUCCEEDED);
        if (inNmi.isEmpty() || !inNmi.get().succeeded()) {
            return true;
        }
        ExchangedWords.Found inTask = words.inTask(path, TASK_SUCCEEDED);
        return !inTask.succeeded()
                || !Collections.disjoint(inTask.words(), inNmi.get().words());
    }

    private static SweepMap map(
            Operation operation, Anchor anchor, SteppedPath path, PointRunner points, List<Integer> chosen)
            throws IOException, InterruptedException {
        List<SweepPoint> steps = points.measure(chosen);
        List<SweepPoint> refined = points.refine(steps);
        points.confirmBorders();
        return new SweepMap(
                operation.name(),
                anchor.kernel(),
                anchor.key(),
                BEGIN,
                anchor.cpu(),
                "",
                points.confirmed(steps),
                points.confirmed(refined),
                IntStream.rangeClosed(0, path.length()).mapToObj(path::address).toList(),
                0);
    }

    private static String words(SweepPoint point) {
        return point.n() + " " + point.where() + " " + point.verdict()
                + point.waitsFor().map(lock -> ", waits for " + lock).orElse("")
                + (point.holds().isEmpty() ? "" : ", holds " + String.join(", ", point.holds()))
                + point.message().map(why -> ", " + why).orElse("");
    }

    /** Returns whether the CPU has come back into a function that it had left. */
    private static boolean isBack(Symbol function, List<Long> addresses) {
        long last = addresses.get(addresses.size() - 1);
        return isIn(function, last) && addresses.size() > 1 && !isIn(function, addresses.get(addresses.size() - 2));
    }

    private static boolean isIn(Symbol function, long address) {
        return address - function.address() >= 0 && address - function.address() < function.size();
    }
}
