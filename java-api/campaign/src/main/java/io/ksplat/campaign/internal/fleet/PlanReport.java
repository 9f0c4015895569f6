// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.internal.PlanPart;
import io.ksplat.results.internal.StoredReport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;

/**
 * The folder that shards of a plan write into, each unit a report of its own. All machines may share one folder: a unit is written below
 * {@code begun} and renamed when it is whole, to {@code units} or, if ksplat failed in it, to {@code failed}. Who renames first wins.
 */
public final class PlanReport {
    static final String PLAN = "plan.json";
    private static final String UNITS = "units";
    private static final String BEGUN = "begun";
    private static final String FAILED = "failed";
    private static final String SHARDS = "shards";

    private final Path folder;
    private final FleetPlan plan;

    private PlanReport(Path folder, FleetPlan plan) {
        this.folder = folder;
        this.plan = plan;
    }

    /** Returns whether a folder is one of these. */
    public static boolean isOne(Path folder) {
        return Files.isRegularFile(folder.resolve(PLAN));
    }

    /** Reads a folder that shards wrote. */
    public static PlanReport read(Path folder) throws IOException {
        return new PlanReport(folder, FleetPlan.read(folder.resolve(PLAN)));
    }

    /**
     * Opens a folder for a shard, and notes there which units are its.
     *
     * @throws IllegalArgumentException if the folder is of another plan
     */
    public static PlanReport open(Path folder, FleetPlan plan, ShardName shard, List<FleetUnit> share)
            throws IOException {
        for (String name : List.of(UNITS, BEGUN, FAILED, SHARDS)) {
            Files.createDirectories(folder.resolve(name));
        }
        if (isOne(folder)) {
            String there = FleetPlan.read(folder.resolve(PLAN)).digest();
            if (!there.equals(plan.digest())) {
                throw new IllegalArgumentException(folder + " is of another plan, " + shortened(there) + " and not "
                        + shortened(plan.digest()) + ": name another folder with --report");
            }
        } else {
            replace(folder.resolve(PLAN), plan.json());
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("digest", plan.digest()).put("shard", shard.toString());
        share.stream().map(FleetUnit::id).forEach(json.putArray("units")::add);
        replace(folder.resolve(SHARDS).resolve(shard.fileName() + ".json"), json.toPrettyString() + "\n");
        return new PlanReport(folder, plan);
    }

    /** Several shards write the same at once: each a file of its own, and the last rename stays. */
    private static void replace(Path file, String text) throws IOException {
        Path partial = file.resolveSibling("." + file.getFileName() + "." + nonce());
        try {
            Files.writeString(partial, text, StandardCharsets.UTF_8);
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    private static String nonce() {
        return UUID.randomUUID().toString().substring(0, 8);
    }

    static String shortened(String digest) {
        return digest.substring(0, Math.min(12, digest.length()));
    }

    FleetPlan plan() {
        return plan;
    }

    /** Returns the report of a unit that is done; there may be none yet. */
    public Path unit(FleetUnit unit) {
        return folder.resolve(UNITS).resolve(unit.id());
    }

    /** Returns whether a unit is done. */
    public boolean isDone(FleetUnit unit) {
        return Files.isRegularFile(unit(unit).resolve(UnitFile.NAME));
    }

    /** Tells how long the units took that are done. */
    public void tell(KnownDurations durations) throws IOException {
        List<KnownDurations.Took> hunted = new ArrayList<>();
        for (FleetUnit unit : plan.units()) {
            if (!isDone(unit)) {
                continue;
            }
            if (plan.hasRuns()) {
                durations.add(ResultsReader.read(unit(unit)));
            } else if (plan.work() instanceof FleetWork.Hunt) {
                hunted.add(new KnownDurations.Took(
                        unit.reproducer(),
                        plan.kernel(unit).key(),
                        hunted.size() + 1,
                        UnitFile.read(unit(unit)).ms()));
            }
        }
        durations.addTimes(hunted);
    }

    /** Returns the reports of a unit in which ksplat failed. */
    List<Path> failed(FleetUnit unit) throws IOException {
        return folders(FAILED, unit);
    }

    /** Returns how often a unit was begun and has not ended: it is on, or was killed. */
    int unended(FleetUnit unit) throws IOException {
        return folders(BEGUN, unit).size();
    }

    private List<Path> folders(String below, FleetUnit unit) throws IOException {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder.resolve(below), unit.id() + "-*")) {
            all.forEach(found::add);
        } catch (NoSuchFileException none) {
            return List.of();
        }
        Collections.sort(found);
        return found;
    }

    /** A unit that was begun. */
    public final class Begun {
        private final FleetUnit unit;
        private final ShardName shard;
        private final Path own;
        private final int times;
        private final Instant at = Instant.now();

        private Begun(FleetUnit unit, ShardName shard, Path own, int times) {
            this.unit = unit;
            this.shard = shard;
            this.own = own;
            this.times = times;
        }

        /** Returns where its report goes. */
        public Path folder() {
            return own;
        }

        /** Returns how often it was begun, this time included. */
        public int times() {
            return times;
        }

        /** Ends a unit whose report is whole; returns false, and removes this one, if another was faster. */
        public boolean done() throws IOException {
            describe();
            try {
                Files.move(own, unit(unit), StandardCopyOption.ATOMIC_MOVE);
                return true;
            } catch (FileSystemException e) {
                if (!isDone(unit)) {
                    throw new IOException("the report of " + unit.id() + " cannot be put into " + folder + ": " + e, e);
                }
                Folders.remove(own);
                return false;
            }
        }

        /** Ends a unit in which ksplat failed: it is kept, and counts only if nobody does better. */
        public void failed() throws IOException {
            describe();
            Files.move(own, folder.resolve(FAILED).resolve(own.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }

        private void describe() throws IOException {
            long ms = Duration.between(at, Instant.now()).toMillis();
            new UnitFile(plan.digest(), unit.id(), shard.toString(), times, at, ms).write(own);
            if (StoredReport.isIn(own)) {
                PlanPart.enter(own, new PlanPart(plan.digest(), shard.toString(), List.of(unit.id())));
            }
        }
    }

    /** Begins a unit, in a folder of its own. */
    public Begun begin(FleetUnit unit, ShardName shard) throws IOException {
        Path own = Files.createDirectory(folder.resolve(BEGUN).resolve(unit.id() + "-" + nonce()));
        int times = unended(unit) + failed(unit).size() + (isDone(unit) ? 1 : 0);
        return new Begun(unit, shard, own, times);
    }
}
