// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.statistics.Rate;
import io.ksplat.evidence.Verdict;
import io.ksplat.machine.internal.qemu.Folders;
import io.ksplat.results.KernelName;
import io.ksplat.results.ReportMerge;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.PlanPart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

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
     * @param missing a line for each unit that is not there
     * @param again how many units were begun more than once
     * @param runs those that the joint report has, with one INCONCLUSIVE for each attempt that is missing
     */
    public record Joint(FleetPlan plan, List<RunRecord> runs, List<String> missing, int again, String rates) {
        public Joint {
            runs = List.copyOf(runs);
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
        List<Path> units = new ArrayList<>();
        List<String> joined = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<RunRecord> placeholders = new ArrayList<>();
        int again = 0;
        for (FleetUnit unit : plan.units()) {
            Optional<Candidate> best = best(unit);
            Optional<String> damage = best.isPresent() ? damage(unit, best.get()) : Optional.of(absent(unit));
            if (damage.isEmpty()) {
                units.add(best.orElseThrow().folder());
                joined.add(unit.id());
                again += best.orElseThrow().file().begun() > 1 ? 1 : 0;
            } else {
                missing.add(unit.words() + ": " + damage.get());
                placeholders.addAll(placeholders(unit, damage.get()));
            }
        }
        Path absent = Files.createTempDirectory("ksplat-missing");
        try {
            if (!placeholders.isEmpty()) {
                PlanPart.writeUndated(absent, placeholders);
                units.add(absent);
            }
            ReportMerge.of(units, out);
        } finally {
            Folders.remove(absent);
        }
        PlanPart.enter(out, new PlanPart(plan.digest(), "joint", joined));
        List<RunRecord> runs = ResultsReader.read(out);
        return new Joint(plan, runs, missing, again, rates(runs));
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

    /** What is wrong with a unit that says that it is whole. */
    private Optional<String> damage(FleetUnit unit, Candidate candidate) throws IOException {
        UnitFile file = candidate.file();
        if (!file.digest().equals(plan.digest()) || !file.unit().equals(unit.id())) {
            return Optional.of("its folder is of another unit or plan");
        }
        String key = plan.kernel(unit).key();
        Map<String, Set<Integer>> seen = new HashMap<>();
        for (RunRecord run : ResultsReader.read(candidate.folder())) {
            Optional<String> id = plan.reproducer(unit).ids().stream()
                    .filter(each ->
                            run.reproducer().equals(each) || run.reproducer().startsWith(each + "/"))
                    .findFirst();
            boolean known = run.kernel().key().equals(key) || run.isError();
            if (id.isEmpty() || !known || run.attempt() < unit.first() || run.attempt() > unit.last()) {
                return Optional.of("its folder has the run " + run.reproducer() + " " + run.attempt() + " on "
                        + run.kernel().key() + ", which is not of the unit");
            }
            seen.computeIfAbsent(id.get(), each -> new TreeSet<>()).add(run.attempt());
        }
        for (String id : plan.reproducer(unit).ids()) {
            int wanted = unit.last() - unit.first() + 1;
            int there = seen.getOrDefault(id, Set.of()).size();
            if (candidate.done() && there < wanted) {
                return Optional.of("its folder has " + there + " of " + wanted + " attempts of " + id);
            }
        }
        return seen.isEmpty() ? Optional.of("ksplat failed, and left no run") : Optional.empty();
    }

    private List<RunRecord> placeholders(FleetUnit unit, String why) {
        FleetPlan.Kernel kernel = plan.kernel(unit);
        return IntStream.rangeClosed(unit.first(), unit.last())
                .boxed()
                .flatMap(attempt -> plan.reproducer(unit).ids().stream()
                        .map(id -> RunRecord.of(
                                        id, new KernelName(kernel.spec(), kernel.release(), kernel.key()), attempt)
                                .verdict(Verdict.INCONCLUSIVE)
                                .message("missing: " + unit.id() + " of the plan: " + why)
                                .build()))
                .toList();
    }

    /** Returns how often each verdict was reached, of what was run more than once, over all machines. */
    private static String rates(List<RunRecord> runs) {
        Map<String, List<RunRecord>> groups = runs.stream()
                .filter(run -> !isMissing(run))
                .collect(Collectors.groupingBy(
                        run -> run.reproducer() + " on " + run.kernel().shortName(),
                        TreeMap::new,
                        Collectors.toList()));
        StringBuilder text = new StringBuilder();
        groups.forEach((name, group) -> {
            if (group.size() > 1) {
                Map<Verdict, Integer> seen = new EnumMap<>(Verdict.class);
                group.forEach(run -> seen.merge(run.verdict(), 1, Integer::sum));
                text.append(name)
                        .append(": ")
                        .append(seen.entrySet().stream()
                                .map(each -> each.getKey() + " " + new Rate(each.getValue(), group.size()))
                                .collect(Collectors.joining(", ")))
                        .append('\n');
            }
        });
        return text.toString();
    }

    /** Returns whether a run of a joint report stands for an attempt that is missing. */
    public static boolean isMissing(RunRecord run) {
        return run.verdict() == Verdict.INCONCLUSIVE
                && run.message().filter(why -> why.startsWith("missing: unit-")).isPresent();
    }
}
