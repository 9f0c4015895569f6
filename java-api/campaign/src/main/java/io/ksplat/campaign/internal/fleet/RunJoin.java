// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.soak.SoakResult;
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
import java.util.ArrayList;
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

/** Joins runs: those of a soak as well. An attempt that is missing is INCONCLUSIVE. */
record RunJoin(FleetPlan plan) implements UnitJoin {
    @Override
    public Optional<String> damage(FleetUnit unit, Path folder, boolean done) throws IOException {
        String key = plan.kernel(unit).key();
        Map<String, Set<Integer>> seen = new HashMap<>();
        for (RunRecord run : ResultsReader.read(folder)) {
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
            if (done && there < wanted) {
                return Optional.of("its folder has " + there + " of " + wanted + " attempts of " + id);
            }
        }
        return seen.isEmpty() ? Optional.of("ksplat failed, and left no run") : Optional.empty();
    }

    @Override
    public Joined join(Map<FleetUnit, Path> units, Map<FleetUnit, String> missing, Path out) throws IOException {
        List<Path> folders = new ArrayList<>(units.values());
        List<RunRecord> placeholders = new ArrayList<>();
        missing.forEach((unit, why) -> placeholders.addAll(placeholders(unit, why)));
        Path absent = Files.createTempDirectory("ksplat-missing");
        try {
            if (!placeholders.isEmpty()) {
                PlanPart.writeUndated(absent, placeholders);
                folders.add(absent);
            }
            ReportMerge.of(folders, out);
        } finally {
            Folders.remove(absent);
        }
        List<RunRecord> runs = ResultsReader.read(out);
        List<RunRecord> there = runs.stream().filter(run -> !isMissing(run)).toList();
        return new Joined(
                runs,
                List.of(),
                true,
                plan.work() instanceof FleetWork.Soak
                        ? new SoakResult(there, List.of(), List.of()).text()
                        : rates(there));
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

    /** Returns whether a run of a joint report stands for an attempt that is missing. */
    static boolean isMissing(RunRecord run) {
        return run.verdict() == Verdict.INCONCLUSIVE
                && run.message().filter(why -> why.startsWith("missing: unit-")).isPresent();
    }

    /** Returns how often each verdict was reached, of what was run more than once, over all machines. */
    private static String rates(List<RunRecord> runs) {
        Map<String, List<RunRecord>> groups = runs.stream()
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
}
