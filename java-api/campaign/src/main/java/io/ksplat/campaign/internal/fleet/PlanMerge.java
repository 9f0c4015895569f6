// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.hunt.HuntResult;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.PlanPart;
import io.ksplat.results.internal.StoredReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Joins what the shards of a plan wrote, and names what is missing. The same for any order of the folders. */
public final class PlanMerge {
    private final FleetPlan plan;
    private final List<PlanReport> parts;

    private PlanMerge(FleetPlan plan, List<PlanReport> parts) {
        this.plan = plan;
        this.parts = parts;
    }

    /**
     * The joint report.
     *
     * @param runs those that the joint report has, with one INCONCLUSIVE for each attempt that is missing
     * @param hunts what is known of each kernel
     * @param missing a line for each unit that is not there
     * @param again how many units were begun more than once
     * @param whole false if units are missing, or do not fit together
     * @param text what they say together, as far as it is no run and no hunt
     */
    public record Joint(
            FleetPlan plan,
            List<RunRecord> runs,
            List<HuntResult> hunts,
            List<String> missing,
            int again,
            boolean whole,
            String text) {
        public Joint {
            runs = List.copyOf(runs);
            hunts = List.copyOf(hunts);
            missing = List.copyOf(missing);
        }
    }

    /** A folder with a unit that ended. */
    private record Candidate(Path folder, UnitFile file, boolean done) {
        Instant at() {
            return file.at();
        }
    }

    /**
     * Reads the plan of some folders.
     *
     * @throws IllegalArgumentException if they are of several plans, or if one is of none
     */
    public static PlanMerge of(List<Path> folders) throws IOException {
        List<PlanReport> parts = new ArrayList<>();
        for (Path folder : folders.stream().distinct().toList()) {
            if (!PlanReport.isOne(folder)) {
                throw new IllegalArgumentException(
                        folder + " is no part of a plan, and others are: join them one after the other");
            }
            PlanReport part = PlanReport.read(folder);
            if (!parts.isEmpty()
                    && !parts.get(0).plan().digest().equals(part.plan().digest())) {
                throw new IllegalArgumentException(folders.get(0) + " is of the plan "
                        + PlanReport.shortened(parts.get(0).plan().digest()) + ", and " + folder + " of "
                        + PlanReport.shortened(part.plan().digest())
                        + ": other reproducers, kernels or settings are not joined");
            }
            parts.add(part);
        }
        return new PlanMerge(parts.get(0).plan(), parts);
    }

    /** Writes the joint report. */
    public Joint into(Path out) throws IOException {
        UnitJoin join = UnitJoin.of(plan);
        Map<FleetUnit, Path> units = new LinkedHashMap<>();
        Map<FleetUnit, String> missing = new LinkedHashMap<>();
        int again = 0;
        for (FleetUnit unit : plan.units()) {
            Optional<Candidate> best = best(unit);
            Optional<String> damage = best.isPresent() ? damage(join, unit, best.get()) : Optional.of(absent(unit));
            if (damage.isEmpty()) {
                units.put(unit, best.orElseThrow().folder());
                again += best.orElseThrow().file().begun() > 1 ? 1 : 0;
            } else {
                missing.put(unit, damage.get());
            }
        }
        UnitJoin.Joined joined = join.join(units, missing, out);
        if (StoredReport.isIn(out)) {
            PlanPart.enter(
                    out,
                    new PlanPart(
                            plan.digest(),
                            "joint",
                            units.keySet().stream().map(FleetUnit::id).toList()));
        }
        List<String> lines = new ArrayList<>();
        missing.forEach((unit, why) -> lines.add(plan.words(unit) + ": " + why));
        return new Joint(
                plan, joined.runs(), joined.hunts(), lines, again, joined.whole() && missing.isEmpty(), joined.text());
    }

    private Optional<String> damage(UnitJoin join, FleetUnit unit, Candidate candidate) throws IOException {
        UnitFile file = candidate.file();
        return file.digest().equals(plan.digest()) && file.unit().equals(unit.id())
                ? join.damage(unit, candidate.folder(), candidate.done())
                : Optional.of("its folder is of another unit or plan");
    }

    /** Returns whether a run of a joint report stands for an attempt that is missing. */
    public static boolean isMissing(RunRecord run) {
        return RunJoin.isMissing(run);
    }

    /** One that is done, the first that began; else the last in which ksplat failed. */
    private Optional<Candidate> best(FleetUnit unit) throws IOException {
        List<Candidate> all = new ArrayList<>();
        for (PlanReport part : parts) {
            if (part.isDone(unit)) {
                all.add(new Candidate(part.unit(unit), UnitFile.read(part.unit(unit)), true));
            }
            for (Path failed : part.failed(unit)) {
                all.add(new Candidate(failed, UnitFile.read(failed), false));
            }
        }
        Comparator<Candidate> earliest = Comparator.comparing(Candidate::at)
                .thenComparing(one -> one.file().shard());
        Optional<Candidate> done = all.stream().filter(Candidate::done).min(earliest);
        return done.isPresent() ? done : all.stream().max(earliest);
    }

    private String absent(FleetUnit unit) throws IOException {
        int begun = 0;
        for (PlanReport part : parts) {
            begun += part.unended(unit);
        }
        return begun == 0
                ? "it was not begun"
                : "it was begun " + (begun == 1 ? "once" : begun + " times") + " and did not end";
    }
}
