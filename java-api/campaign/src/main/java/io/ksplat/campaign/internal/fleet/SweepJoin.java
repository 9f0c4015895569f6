// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.sweep.SweepMerge;
import io.ksplat.results.internal.campaign.CampaignFiles;
import io.ksplat.results.internal.campaign.SweepRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Joins the points of a sweep. */
record SweepJoin(FleetPlan plan, FleetWork.Sweep work) implements UnitJoin {
    @Override
    public Optional<String> damage(FleetUnit unit, Path folder, boolean done) throws IOException {
        Optional<SweepRecord> found = record(folder);
        if (found.isEmpty()) {
            return Optional.of("ksplat failed, and left no map");
        }
        SweepRecord record = found.get();
        if (!record.anchor().equals(work.anchor())
                || !record.key().equals(plan.kernel(unit).key())) {
            return Optional.of("its folder has a map from the anchor " + record.anchor() + ", which is not the plan's");
        }
        Set<Integer> there =
                record.steps().stream().map(SweepRecord.Point::n).collect(Collectors.toCollection(TreeSet::new));
        for (int number = unit.first(); number <= work.measuredTo(unit); number++) {
            if (!there.contains(work.distance(number))) {
                return Optional.of("its folder lacks the point " + work.distance(number));
            }
        }
        return Optional.empty();
    }

    private static Optional<SweepRecord> record(Path folder) throws IOException {
        return CampaignFiles.of(folder).stream()
                .map(CampaignFiles.Stored::record)
                .filter(SweepRecord.class::isInstance)
                .map(SweepRecord.class::cast)
                .findFirst();
    }

    @Override
    public Joined join(Map<FleetUnit, Path> units, Map<FleetUnit, String> missing, Path out) throws IOException {
        List<SweepRecord> records = new ArrayList<>();
        for (Path folder : units.values()) {
            records.add(record(folder).orElseThrow());
        }
        if (records.isEmpty()) {
            return new Joined(List.of(), List.of(), false, "");
        }
        Map<Integer, String> unknown = new TreeMap<>();
        missing.forEach((unit, why) -> {
            for (int number = unit.first(); number <= unit.last(); number++) {
                unknown.put(work.distance(number), unit.id() + ": " + why);
            }
        });
        SweepMerge.Joint joint = SweepMerge.into(records, unknown, out);
        return new Joined(List.of(), List.of(), joint.whole(), joint.text());
    }
}
