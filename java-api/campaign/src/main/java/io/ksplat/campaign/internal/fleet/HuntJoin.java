// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.hunt.HuntMerge;
import io.ksplat.campaign.internal.hunt.HuntResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Joins the operations of a hunt, with their reproducers and the runs of these. */
record HuntJoin() implements UnitJoin {
    @Override
    public Optional<String> damage(FleetUnit unit, Path folder, boolean done) throws IOException {
        List<HuntResult> results = HuntMerge.results(folder);
        if (results.isEmpty()) {
            return Optional.of("ksplat failed, and left no answer");
        }
        boolean other = results.stream()
                .anyMatch(result -> !result.kernel().equals(unit.kernel())
                        || result.operations().stream()
                                .anyMatch(tried -> !tried.name().equals(unit.reproducer())));
        if (other) {
            return Optional.of("its folder has an answer that is not of the unit");
        }
        return results.get(0).operations().isEmpty() ? Optional.of("its folder has no answer") : Optional.empty();
    }

    @Override
    public Joined join(Map<FleetUnit, Path> units, Map<FleetUnit, String> missing, Path out) throws IOException {
        HuntMerge.Joint joint = HuntMerge.into(
                List.copyOf(units.values()),
                kernel -> missing.keySet().stream()
                        .filter(unit -> unit.kernel().equals(kernel))
                        .map(FleetUnit::reproducer)
                        .toList(),
                out);
        return new Joined(joint.runs(), joint.hunts(), true, "");
    }
}
