// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import io.ksplat.campaign.internal.hunt.HuntResult.Answer;
import io.ksplat.campaign.internal.hunt.HuntResult.Tried;
import io.ksplat.campaign.internal.sweep.Anchor;
import io.ksplat.campaign.internal.sweep.AnchorShelf;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** The load unlinks files, and the task's program is attached there. */
    private static final String BEGIN = "vfs_unlink";

    private static final int LONGEST = 8192;

    /** Tries an operation. What ksplat fails at is an answer, too, and says so. */
    Tried run(Operation operation) throws InterruptedException, KernelException, IOException {
        Path own = folder.resolve(operation.name().replace('/', '+'));
        String anchor = "";
        try {
            Path java = OperationPair.write(
                    own,
                    operation,
                    operation.id(),
                    ".aimAt(\"" + BEGIN + "\")",
                    Verdict.CLEAN,
                    "no lock is held at the beginning");
            anchor = anchors.freeze(
                    sources.compile(java),
                    request.kernel(),
                    BEGIN,
                    operation.hit(),
                    List.of(Judged.SUCCEEDED, Judged.ERROR));
            return measure(operation, own, anchors.open(anchor));
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

    private static Tried noAnchor(Operation operation, NoAnchorException e) {
        Optional<RunRecord> run = e.run();
        Verdict verdict = run.map(RunRecord::verdict).orElse(Verdict.ERROR);
        return switch (verdict) {
            case UNSUPPORTED -> Tried.without(operation, Answer.UNSUPPORTED, run.flatMap(RunRecord::message), false);
            case REJECTED -> Tried.without(operation, Answer.REJECTED, run.flatMap(RunRecord::message), false);
            default -> failed(operation, String.valueOf(e.getMessage()));
        };
    }

    private static Tried failed(Operation operation, String why) {
        return Tried.without(operation, Answer.INCONCLUSIVE, Optional.of(why), true);
    }

    private Tried measure(Operation operation, Path own, FrozenMachine frozen)
            throws IOException, InterruptedException {
        Anchor anchor = frozen.anchor();
        Symbol begin = frozen.symbols().named(BEGIN).get(0);
        SteppedPath path = SteppedPath.walk(
                frozen.template(),
                frozen.tools(),
                frozen.symbols(),
                anchor.cpu(),
                new SteppedPath.Extent(LONGEST, addresses -> isBack(begin, addresses)),
                own,
                progress);
        Map<Integer, Map<String, Long>> counters = new ConcurrentHashMap<>();
        Path log = own.resolve("path.log");
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
            List<Integer> chosen = request.exhaustive()
                    ? IntStream.range(0, path.length()).boxed().toList()
                    : PointChoice.of(path, request.points(), request.seed(), log);
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
