// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.campaign.internal.sweep.Sweep;
import io.ksplat.campaign.internal.sweep.SweepMap;
import io.ksplat.campaign.internal.sweep.SweepPoint;
import io.ksplat.campaign.internal.sweep.SweepRequest;
import io.ksplat.engine.Catalogue;
import io.ksplat.engine.Runner;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Measures the points of a unit, from the frozen machine that all units share.
 *
 * @param reproducer the plan's
 */
public record SweepWork(FleetWork.Sweep work, Catalogue.Entry reproducer, Runner runner, Progress progress)
        implements UnitWork {
    @Override
    public Done run(FleetUnit unit, Path folder) throws InterruptedException, KernelException {
        SweepMap map;
        try {
            map = new Sweep(runner, Sweep.folder(folder, reproducer), progress)
                    .run(new SweepRequest(
                            reproducer,
                            unit.kernel(),
                            "",
                            1,
                            Optional.of(work.anchor()),
                            work.distance(unit.first()),
                            work.measuredTo(unit) - unit.first() + 1,
                            work.stride(),
                            1));
        } catch (IOException e) {
            return Done.failed(unit, e);
        }
        Map<Verdict, Integer> seen = new EnumMap<>(Verdict.class);
        map.measured().stream().map(SweepPoint::verdict).forEach(verdict -> seen.merge(verdict, 1, Integer::sum));
        String line = map.measured().size() + " points: "
                + seen.entrySet().stream()
                        .map(each -> each.getValue() + " " + each.getKey())
                        .collect(Collectors.joining(", "));
        return new Done(Sweep.isWhole(map), List.of(), List.of(line), List.of());
    }

    @Override
    public void close() {
        runner.close();
    }
}
