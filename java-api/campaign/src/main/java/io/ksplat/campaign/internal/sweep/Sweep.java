// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Sends the NMI of a reproducer after 1, 2, 3 ... instructions from an anchor, each time into the same frozen machine,
 * and maps where it deadlocks.
 *
 * <p>Machines run under TCG, because its single step masks interrupts and timers.
 */
public final class Sweep {
    /** The files of a sweep, in its folder. */
    public static final String JSON = "sweep.json";

    public static final String TABLE = "sweep.txt";
    public static final String LISTING = "listing.txt";

    private final Runner runner;
    private final Progress progress;
    private final Path folder;

    /**
     * Prepares a sweep.
     *
     * @param runner runs the reproducer up to the anchor
     * @param folder receives the files of the sweep
     */
    public Sweep(Runner runner, Path folder, Progress progress) throws IOException {
        this.runner = runner;
        this.progress = progress;
        this.folder = Files.createDirectories(folder);
    }

    /** Returns where a report keeps the sweep of a reproducer. */
    public static Path folder(Path report, Catalogue.Entry reproducer) {
        return folder(report, reproducer.fullId());
    }

    static Path folder(Path report, String id) {
        return report.resolve("sweep").resolve(id.replace('/', '+'));
    }

    /**
     * Freezes a machine at the anchor of a sweep that others run.
     *
     * @return the name under which it is kept in the cache
     */
    public static String freeze(SweepRequest request, Runner runner, Progress progress)
            throws IOException, InterruptedException {
        Path runs = Files.createTempDirectory("ksplat-anchor");
        try (Session session = Session.open(AnchorShelf.options(progress))) {
            return AnchorShelf.open(session, runner, runs, progress).freeze(request);
        } finally {
            Folders.remove(runs);
        }
    }

    /**
     * Runs the sweep.
     *
     * @throws IOException if there is no anchor; a failure at a single point gives that point the verdict ERROR
     */
    public SweepMap run(SweepRequest request) throws IOException, InterruptedException, KernelException {
        try (Session session = Session.open(AnchorShelf.options(progress))) {
            return run(request, AnchorShelf.open(session, runner, folder, progress));
        }
    }

    private SweepMap run(SweepRequest request, AnchorShelf anchors)
            throws IOException, InterruptedException, KernelException {
        long start = System.nanoTime();
        String name = request.anchor().isPresent() ? request.anchor().get() : anchors.freeze(request);
        FrozenMachine frozen = anchors.open(name);
        Anchor anchor = frozen.anchor();
        Symbols symbols = frozen.symbols();
        SteppedPath path = SteppedPath.walk(
                frozen.template(), frozen.tools(), symbols, anchor.cpu(), request.last(), folder, progress);
        try (PointRunner pointRunner = new PointRunner(
                path,
                frozen.survival(),
                frozen.locks(path, folder.resolve("locks.log")),
                symbols,
                folder,
                request.workers(),
                PointRunner.AfterPoint.NOTHING,
                progress)) {
            List<SweepPoint> steps = pointRunner.measure(IntStream.range(0, request.points())
                    .map(i -> request.start() + i * request.stride())
                    .boxed()
                    .toList());
            List<SweepPoint> refined = pointRunner.refine(steps);
            pointRunner.confirmBorders();
            SweepMap map = new SweepMap(
                    anchor.reproducer(),
                    anchor.kernel(),
                    anchor.key(),
                    anchor.symbol(),
                    anchor.cpu(),
                    name,
                    pointRunner.confirmed(steps),
                    pointRunner.confirmed(refined),
                    IntStream.rangeClosed(0, path.length())
                            .mapToObj(path::address)
                            .toList(),
                    (System.nanoTime() - start) / 1e9);
            write(map, new SweepListing(map, symbols::at), path);
            return map;
        }
    }

    private void write(SweepMap map, SweepListing listing, SteppedPath path)
            throws IOException, InterruptedException, KernelException {
        Files.writeString(folder.resolve(TABLE), SweepWriter.of(map) + "\n" + listing.table());
        try (SteppedPath.PausedMachine machine = path.pauseAt(0, folder.resolve("listing.log"))) {
            Map<Long, List<Disassembler.Instruction>> code = listing.code(machine.memory());
            Files.writeString(folder.resolve(LISTING), listing.listing(code));
            CampaignFiles.write(folder, SweepWriter.record(map, listing.functions(code)));
        }
        Files.delete(folder.resolve("listing.log"));
    }

    /** Returns whether every measured point has a result. */
    public static boolean isWhole(SweepMap map) {
        return map.measured().stream().noneMatch(point -> point.verdict() == Verdict.ERROR);
    }
}
