// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunLog;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Plans and their units' reports, without a machine. */
final class Plans {
    static final KernelName KERNEL = new KernelName("debian:7.2", "7.2.13", "7.2.13-cloud");
    static final String ID = "nmi-task-kptr";

    private Plans() {}

    /** Units of some attempts each. */
    static FleetPlan of(int units, int attempts, String digest) {
        List<FleetUnit> all = new ArrayList<>();
        for (int i = 0; i < units; i++) {
            all.add(unit(i + 1, i * attempts + 1, (i + 1) * attempts, Optional.empty()));
        }
        return FleetPlan.of(
                "0.1.0",
                new FleetWork.Runs(),
                FleetPlan.Settings.of(Map.of(), List.of()),
                List.of(new FleetPlan.Reproducer(ID, List.of(ID), digest)),
                List.of(new FleetPlan.Kernel(KERNEL.spec(), KERNEL.release(), KERNEL.key())),
                all);
    }

    static FleetUnit unit(int number, int first, int last, Optional<Double> minutes) {
        return new FleetUnit(
                String.format("unit-%04d", number),
                ID,
                KERNEL.spec(),
                first,
                last,
                new FleetUnit.Needs(false, 448),
                minutes);
    }

    /** Writes a unit's runs: DEADLOCK in every attempt but those of some numbers. */
    static PlanReport.Begun write(PlanReport report, FleetUnit unit, Verdict verdict, int... clean) throws IOException {
        PlanReport.Begun begun = report.begin(unit, new ShardName(1, 1));
        try (RunLog log = RunLog.in(begun.folder())) {
            for (int attempt = unit.first(); attempt <= unit.last(); attempt++) {
                int number = attempt;
                boolean isClean = java.util.Arrays.stream(clean).anyMatch(each -> each == number);
                log.begin(ID, KERNEL, attempt, Verdict.DEADLOCK);
                log.end(RunRecord.of(ID, KERNEL, attempt)
                        .verdict(isClean ? Verdict.CLEAN : verdict)
                        .expected(Verdict.DEADLOCK)
                        .build());
            }
        }
        return begun;
    }
}
