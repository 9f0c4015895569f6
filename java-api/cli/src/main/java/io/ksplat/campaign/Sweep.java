// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import io.ksplat.evidence.Verdict;
import io.ksplat.junit.Lab;
import io.ksplat.junit.Settings;
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
import io.ksplat.machine.internal.nmi.Anchor;
import io.ksplat.machine.internal.nmi.SteppedPath;
import io.ksplat.machine.internal.qemu.MachineConfig;
import io.ksplat.machine.internal.snapshot.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/**
 * Sends the NMI of a reproducer after 1, 2, 3 ... instructions from an anchor, each time into the same frozen machine, and draws the
 * map of where it kills.
 *
 * <p>Machines run under TCG: its single step leaves interrupts and timers out.
 */
public final class Sweep {
    /** Files of a sweep, in its folder. */
    public static final String JSON = "sweep.json";

    public static final String TABLE = "sweep.txt";
    public static final String LISTING = "listing.txt";

    private static final int KEPT_ANCHORS = 8;

    private final Cache cache;
    private final MachineFactory host;
    private final Progress progress;
    private final Path folder;

    /** @param folder for what the sweep writes */
    public Sweep(Cache cache, Path folder, Progress progress) throws IOException, InterruptedException {
        this.cache = cache;
        this.host = MachineFactory.open(cache, Optional.of(Accelerator.TCG));
        this.progress = progress;
        this.folder = Files.createDirectories(folder);
    }

    /**
     * Draws the map.
     *
     * @throws IOException where no anchor comes about; what fails at a single point is that point's verdict ERROR
     */
    public SweepMap run(SweepOrder order) throws IOException, InterruptedException, KernelException {
        long start = System.nanoTime();
        String name = order.anchor().isPresent() ? order.anchor().get() : freeze(order);
        Path kept = cache.find(Anchor.KIND, name).orElseThrow(() -> new IllegalArgumentException(noAnchor(name)));
        Anchor anchor = Anchor.read(kept);
        anchor.checkQemu(host.programs().qemuVersion());
        KernelInfo facts = KernelInfo.of(
                new Kernels(cache).resolve(KernelSpec.parse(anchor.kernel()), progress), host, cache, progress);
        if (!facts.kernel().key().equals(anchor.key())) {
            throw new MachineException("the anchor " + name + " is of the kernel " + anchor.key() + ", and "
                    + anchor.kernel() + " is " + facts.kernel().key() + " by now: sweep without --anchor");
        }
        MachineConfig config =
                host.config(facts.kernel(), Accelerator.TCG, anchor.cpus(), anchor.memoryMiB(), List.of());
        Template template = Template.open(config, kept);
        Symbols symbols = facts.symbolsAt(template.text())
                .plus(anchor.programs().stream().map(Anchor.Program::symbol).toList());
        SteppedPath way =
                SteppedPath.walk(template, host.programs(), symbols, anchor.cpu(), order.last(), folder, progress);
        PointJudge judge = new PointJudge(anchor, template, facts, symbols, cache);
        LocksOnTheWay locks = LocksOnTheWay.of(
                way, new KernelView(facts, symbols, anchor.cpus()), symbols, anchor.cpu(), folder.resolve("locks.log"));
        try (Points points = new Points(way, judge, locks, symbols, folder, order.workers(), progress)) {
            List<SweepPoint> steps = points.measure(IntStream.range(0, order.points())
                    .map(i -> order.start() + i * order.stride())
                    .boxed()
                    .toList());
            List<SweepPoint> refined = points.refine(steps);
            points.confirmBorders();
            SweepMap map = new SweepMap(
                    anchor.reproducer(),
                    anchor.kernel(),
                    anchor.key(),
                    anchor.symbol(),
                    anchor.cpu(),
                    name,
                    points.confirmed(steps),
                    points.confirmed(refined),
                    IntStream.rangeClosed(0, way.length())
                            .mapToObj(way::address)
                            .toList(),
                    (System.nanoTime() - start) / 1e9);
            write(map, new SweepListing(map, symbols), way);
            return map;
        }
    }

    private void write(SweepMap map, SweepListing listing, SteppedPath way)
            throws IOException, InterruptedException, KernelException {
        Files.writeString(folder.resolve(JSON), SweepText.json(map));
        Files.writeString(folder.resolve(TABLE), SweepText.of(map) + "\n" + listing.table());
        try (SteppedPath.Standing machine = way.stand(0, folder.resolve("listing.log"))) {
            Files.writeString(folder.resolve(LISTING), listing.listing(machine.memory()));
        }
        Files.delete(folder.resolve("listing.log"));
    }

    /** Runs the reproducer up to the anchor; gives the name under which its machine is kept. */
    private String freeze(SweepOrder order) throws IOException, InterruptedException {
        makeRoom();
        byte[] suffix = new byte[3];
        ThreadLocalRandom.current().nextBytes(suffix);
        String name = String.join(
                        "-",
                        order.reproducer().id()
                                + order.reproducer()
                                        .testCase()
                                        .map(name1 -> "+" + name1)
                                        .orElse(""),
                        order.kernel().toString(),
                        order.from(),
                        HexFormat.of().formatHex(suffix))
                .replaceAll("[^A-Za-z0-9._+~=@-]", "_");
        cache.<IOException>entry(Anchor.KIND, name, fresh -> {
            List<Throwable> failures = new ArrayList<>();
            try (Lab lab = new Lab(cache, progress, Optional.of(Accelerator.TCG), List.of())) {
                new Campaign(
                                lab,
                                Map.of(
                                        Settings.Keys.REPORT, folder.toString(),
                                        Settings.Keys.ANCHOR, order.from(),
                                        Settings.Keys.ANCHOR_HIT, Integer.toString(order.hit()),
                                        Settings.Keys.ANCHOR_FOLDER, fresh.toString()))
                        .run(
                                List.of(order.reproducer()),
                                List.of(order.kernel()),
                                1,
                                run -> {},
                                (what, why) -> failures.add(why));
            }
            if (!Anchor.isIn(fresh)) {
                throw new IOException(
                        "no anchor at " + order.from() + ": "
                                + failures.stream()
                                        .findFirst()
                                        .map(Throwable::getMessage)
                                        .orElse("the reproducer did not run"),
                        failures.isEmpty() ? null : failures.get(0));
            }
        });
        return name;
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
            return "there is no anchor " + name + "; kept are: " + (kept.isEmpty() ? "none" : kept);
        } catch (IOException e) {
            return "there is no anchor " + name + " (the cache cannot be read: " + e.getMessage() + ")";
        }
    }

    /** Whether every point that was measured has an answer. */
    public static boolean isWhole(SweepMap map) {
        return map.measured().stream().noneMatch(point -> point.verdict() == Verdict.ERROR);
    }
}
