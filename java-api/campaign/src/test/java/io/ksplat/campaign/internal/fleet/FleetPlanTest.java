// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.campaign.internal.hunt.HuntMode;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetPlanTest {
    @TempDir
    Path folder;

    @Test
    void isReadAsItWasWritten() throws IOException {
        FleetPlan plan = Plans.of(3, 10, "abc");
        Path file = Files.writeString(folder.resolve("plan.json"), plan.json());
        assertThat(FleetPlan.read(file)).isEqualTo(plan);
    }

    /** Of every kind; what kind it is belongs to its digest. */
    @Test
    void tellsWhatItsUnitsAre() throws IOException {
        Map<FleetWork, String> kinds = new LinkedHashMap<>();
        kinds.put(new FleetWork.Runs(), "attempts 1 to 10");
        kinds.put(new FleetWork.Soak(7), "rounds 1 to 10");
        kinds.put(new FleetWork.Sweep("anchor", 3, 25, 2), "points 1 to 10");
        Set<String> digests = new HashSet<>();
        for (Map.Entry<FleetWork, String> kind : kinds.entrySet()) {
            FleetPlan plan = of(kind.getKey());
            Path file = Files.writeString(folder.resolve("plan.json"), plan.json());
            assertThat(FleetPlan.read(file)).isEqualTo(plan);
            assertThat(plan.words(plan.units().get(0)))
                    .isEqualTo("unit-0001 (nmi-task-kptr on debian:7.2, " + kind.getValue() + ")");
            digests.add(plan.digest());
        }
        FleetPlan hunt = of(new FleetWork.Hunt(HuntMode.NMI, 12, false, 1));
        assertThat(FleetPlan.read(Files.writeString(folder.resolve("plan.json"), hunt.json())))
                .isEqualTo(hunt);
        assertThat(hunt.words(hunt.units().get(0))).isEqualTo("unit-0001 (nmi-task-kptr on debian:7.2)");
        digests.add(hunt.digest());
        digests.add(of(new FleetWork.Hunt(HuntMode.NMI, 12, true, 1)).digest());
        assertThat(digests).hasSize(5);
    }

    private static FleetPlan of(FleetWork work) {
        FleetPlan plan = Plans.of(3, 10, "abc");
        return FleetPlan.of(plan.tool(), work, plan.settings(), plan.reproducers(), plan.kernels(), plan.units());
    }

    /** What was measured meanwhile makes no other plan; other sources do. */
    @Test
    void theDigestIsOfWhatIsRun() {
        FleetPlan plan = Plans.of(2, 10, "abc");
        List<FleetUnit> timed =
                List.of(Plans.unit(1, 1, 10, Optional.of(3.0)), Plans.unit(2, 11, 20, Optional.of(4.0)));
        assertThat(FleetPlan.of(plan.tool(), plan.work(), plan.settings(), plan.reproducers(), plan.kernels(), timed)
                        .digest())
                .isEqualTo(plan.digest());
        assertThat(Plans.of(2, 10, "abd").digest()).isNotEqualTo(plan.digest());
        assertThat(Plans.of(2, 11, "abc").digest()).isNotEqualTo(plan.digest());
    }

    @Test
    void whatWasChangedIsRefused() throws IOException {
        String json = Plans.of(3, 10, "abc").json();
        List<String> files = List.of(
                json.replace("\"last\" : 30", "\"last\" : 25"),
                json.replace("\"schema\" : 2", "\"schema\" : 7"),
                json.substring(0, json.length() / 2),
                json.replace("unit-0002", "../../tmp"),
                "[]",
                "");
        for (String text : files) {
            Path file = Files.writeString(folder.resolve("plan.json"), text);
            assertThatThrownBy(() -> FleetPlan.read(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageNotContaining("\n");
        }
        assertThatThrownBy(() -> FleetPlan.read(folder.resolve("none"))).hasMessageContaining("ksplat plan");
    }

    /** The cases of an attempt run one after the other. */
    @Test
    void durationsAreTheMedianOfAnAttempt() {
        KnownDurations durations = new KnownDurations();
        List<RunRecord> runs = new ArrayList<>();
        for (int attempt = 1; attempt <= 3; attempt++) {
            runs.add(run("nmi-map-delete/a", attempt, 60_000L * attempt));
            runs.add(run("nmi-map-delete/b", attempt, 60_000));
        }
        runs.add(run("nmi-map-delete/a", 4, 1).withVerdict(Verdict.ERROR));
        durations.add(runs);
        assertThat(durations.minutes(List.of("nmi-map-delete"), "key")).contains(3.0);
        assertThat(durations.minutes(List.of("nmi-map-delete/a"), "key")).contains(2.0);
        assertThat(durations.minutes(List.of("nmi-map-delete"), "other")).isEmpty();
    }

    private static RunRecord run(String id, int attempt, long ms) {
        return RunRecord.of(id, new KernelName("debian:7.2", "7.2", "key"), attempt)
                .verdict(Verdict.CLEAN)
                .timings(Timings.ofTotal(ms))
                .build();
    }

    @Test
    void aClassIsDigestedWithWhatItUses() throws IOException {
        assertThat(ClassDigest.of(FleetPlanTest.class))
                .isEqualTo(ClassDigest.of(FleetPlanTest.class))
                .isNotEqualTo(ClassDigest.of(SharesTest.class))
                .matches("[0-9a-f]{64}");
    }
}
