// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.sweep;

import io.ksplat.engine.RunOutcome;
import io.ksplat.engine.RunRequest;
import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Runner;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.KernelInfo;
import io.ksplat.machine.internal.MachineFactory;
import io.ksplat.machine.internal.forensics.memory.KernelView;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Template;
import io.ksplat.results.internal.campaign.CampaignFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

    private static final int KEPT_ANCHORS = 8;

    private final Runner runner;
    private final Cache cache;
    private final MachineFactory host;
    private final Progress progress;
    private final Path folder;

    /**
     * Prepares a sweep.
     *
     * @param runner runs the reproducer up to the anchor
     * @param folder receives the files of the sweep
     */
    public Sweep(Runner runner, Path folder, Progress progress) throws IOException, InterruptedException {
        this.runner = runner;
        this.cache = Cache.standard();
        this.host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
        this.progress = progress;
        this.folder = Files.createDirectories(folder);
    }

    /**
     * Runs the sweep.
     *
     * @throws IOException if there is no anchor; a failure at a single point gives that point the verdict ERROR
     */
    public SweepMap run(SweepRequest request) throws IOException, InterruptedException, KernelException {
        long start = System.nanoTime();
        String name = request.anchor().isPresent() ? request.anchor().get() : freeze(request);
        Path kept = cache.find(Anchor.KIND, name).orElseThrow(() -> new IllegalArgumentException(noAnchor(name)));
        Anchor anchor = Anchor.read(kept);
        anchor.checkQemu(host.programs().qemuVersion());
        KernelInfo kernel = KernelInfo.of(
                new Kernels(cache).resolve(KernelSpec.parse(anchor.kernel()), progress), host, cache, progress);
        if (!kernel.kernel().key().equals(anchor.key())) {
            throw new MachineException("the anchor " + name + " belongs to the kernel " + anchor.key() + ", and "
                    + anchor.kernel() + " is " + kernel.kernel().key() + " now: sweep without --anchor");
        }
        MachineConfig config =
                host.config(kernel.kernel(), Accelerator.TCG, anchor.cpus(), anchor.memoryMiB(), List.of());
        Template template = Template.open(config, kept);
        Symbols symbols = kernel.symbolsAt(template.text())
                .plus(anchor.programs().stream().map(Anchor.Program::symbol).toList());
        SteppedPath path =
                SteppedPath.walk(template, host.programs(), symbols, anchor.cpu(), request.last(), folder, progress);
        SurvivalCheck survival = new SurvivalCheck(anchor, template, kernel, symbols, cache);
        HeldLockProbe locks = HeldLockProbe.of(
                path,
                new KernelView(kernel, symbols, anchor.cpus()),
                symbols,
                anchor.cpu(),
                folder.resolve("locks.log"));
        try (PointRunner pointRunner =
                new PointRunner(path, survival, locks, symbols, folder, request.workers(), progress)) {
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
            write(map, new SweepListing(map, symbols), path);
            return map;
        }
    }

    private void write(SweepMap map, SweepListing listing, SteppedPath path)
            throws IOException, InterruptedException, KernelException {
        Files.writeString(folder.resolve(TABLE), SweepWriter.of(map) + "\n" + listing.table());
        try (SteppedPath.PausedMachine machine = path.pauseAt(0, folder.resolve("listing.log"))) {
            Files.writeString(folder.resolve(LISTING), listing.listing(machine.memory()));
            CampaignFiles.write(folder, SweepWriter.record(map, listing.functions(machine.memory())));
        }
        Files.delete(folder.resolve("listing.log"));
    }

    /** Runs the reproducer up to the anchor and returns the name under which its machine is kept. */
    private String freeze(SweepRequest request) throws IOException, InterruptedException {
        makeRoom();
        byte[] suffix = new byte[3];
        ThreadLocalRandom.current().nextBytes(suffix);
        String name = String.join(
                        "-",
                        request.reproducer().fullId().replace('/', '+'),
                        request.kernel(),
                        request.from(),
                        HexFormat.of().formatHex(suffix))
                .replaceAll("[^A-Za-z0-9._+~=@-]", "_");
        cache.<IOException>entry(Anchor.KIND, name, fresh -> {
            try (Session session = Session.open(
                    SessionOptions.standard(progress).withAccelerator(Optional.of(Accelerator.TCG.id())))) {
                AnchorCapture capture = new AnchorCapture(
                        request.kernel(), session.qemuVersion(), request.from(), request.hit(), fresh);
                RunOutcome outcome = runner.run(new RunRequest(
                        session,
                        request.reproducer(),
                        RunSettings.of(request.kernel())
                                .reportedIn(folder)
                                .capturedBy(new RunSettings.Capture(capture, fresh))));
                if (!Anchor.isIn(fresh)) {
                    throw new IOException("no anchor at " + request.from() + ": " + why(outcome));
                }
            }
        });
        return name;
    }

    private static String why(RunOutcome outcome) {
        return Stream.concat(
                        outcome.failures().stream(),
                        outcome.records().stream().flatMap(record -> record.message().stream()))
                .findFirst()
                .orElse("the reproducer did not run");
    }

    private void makeRoom() throws IOException, InterruptedException {
        List<Cache.Entry> entries = new ArrayList<>(cache.entries(Anchor.KIND));
        entries.sort(Comparator.comparing(Cache.Entry::lastUsed).reversed());
        for (Cache.Entry old : entries.stream().skip(KEPT_ANCHORS - 1).toList()) {
            cache.remove(Anchor.KIND, old.key());
        }
    }

    private String noAnchor(String name) {
        try {
            String kept = String.join(
                    ", ",
                    cache.entries(Anchor.KIND).stream().map(Cache.Entry::key).toList());
            return "there is no anchor " + name + "; the cache has: " + (kept.isEmpty() ? "none" : kept);
        } catch (IOException e) {
            return "there is no anchor " + name + " (the cache cannot be read: " + e.getMessage() + ")";
        }
    }

    /** Returns whether every measured point has a result. */
    public static boolean isWhole(SweepMap map) {
        return map.measured().stream().noneMatch(point -> point.verdict() == Verdict.ERROR);
    }
}
