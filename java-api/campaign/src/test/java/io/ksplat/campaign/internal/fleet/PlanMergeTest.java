// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanMergeTest {
    @TempDir
    Path folder;

    private static PlanReport open(Path report, FleetPlan plan) throws IOException {
        return PlanReport.open(report, plan, new ShardName(1, 1), plan.units());
    }

    /** The names and contents of all files. */
    private static Map<String, String> files(Path root) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(root)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.put(root.relativize(file).toString(), Files.readString(file));
            }
        }
        return files;
    }

    /** Five machines, four attempts each: one rate over twenty. */
    @Test
    void evidenceOfAllMachinesAddsUpInAnyOrder() throws IOException {
        FleetPlan plan = Plans.of(5, 4, "abc");
        List<Path> folders = new ArrayList<>();
        for (int machine = 0; machine < 5; machine++) {
            folders.add(folder.resolve("machine-" + machine));
            PlanReport report = open(folders.get(machine), plan);
            assertThat(Plans.write(report, plan.units().get(machine), Verdict.DEADLOCK, 7, 17, 19)
                            .done())
                    .isTrue();
        }
        PlanMerge.Joint joint = PlanMerge.of(folders).into(folder.resolve("joint"));
        assertThat(joint.missing()).isEmpty();
        assertThat(joint.runs()).hasSize(20).extracting(RunRecord::attempt).doesNotHaveDuplicates();
        assertThat(joint.text())
                .isEqualTo("nmi-task-kptr on 7.2.13: DEADLOCK 17 of 20 (62 % to 97 %), CLEAN 3 of 20 (3 % to 38 %)\n");
        List<Path> other = new ArrayList<>(folders);
        Collections.reverse(other);
        other.add(folders.get(3));
        PlanMerge.of(other).into(folder.resolve("again"));
        assertThat(files(folder.resolve("again"))).isEqualTo(files(folder.resolve("joint")));
    }

    @Test
    void whatIsMissingIsNamedAndInconclusive() throws IOException {
        FleetPlan plan = Plans.of(3, 2, "abc");
        PlanReport report = open(folder.resolve("dir"), plan);
        Plans.write(report, plan.units().get(0), Verdict.DEADLOCK).done();
        // Killed: nobody renames it.
        Plans.write(report, plan.units().get(1), Verdict.DEADLOCK);
        PlanMerge.Joint joint = PlanMerge.of(List.of(folder.resolve("dir"))).into(folder.resolve("joint"));
        assertThat(joint.missing())
                .containsExactly(
                        "unit-0002 (nmi-task-kptr on debian:7.2, attempts 3 to 4): it was begun once and did not end",
                        "unit-0003 (nmi-task-kptr on debian:7.2, attempts 5 to 6): it was not begun");
        assertThat(joint.runs())
                .extracting(RunRecord::verdict)
                .containsExactly(
                        Verdict.DEADLOCK,
                        Verdict.DEADLOCK,
                        Verdict.INCONCLUSIVE,
                        Verdict.INCONCLUSIVE,
                        Verdict.INCONCLUSIVE,
                        Verdict.INCONCLUSIVE);
        assertThat(joint.runs().subList(2, 6)).noneMatch(RunRecord::asExpected);
        assertThat(joint.text()).contains("2 of 2").doesNotContain("INCONCLUSIVE");
        // The same when it is joined once more, and whole when the rest has come.
        Map<String, String> before = files(folder.resolve("joint"));
        PlanMerge.of(List.of(folder.resolve("dir"))).into(folder.resolve("again"));
        assertThat(files(folder.resolve("again"))).isEqualTo(before);
        Plans.write(report, plan.units().get(1), Verdict.DEADLOCK).done();
        Plans.write(report, plan.units().get(2), Verdict.DEADLOCK).done();
        PlanMerge.Joint whole = PlanMerge.of(List.of(folder.resolve("dir"))).into(folder.resolve("joint"));
        assertThat(whole.missing()).isEmpty();
        assertThat(whole.runs()).hasSize(6).allMatch(RunRecord::asExpected);
        assertThat(whole.again()).as("units begun more than once").isEqualTo(1);
    }

    /** A family of 4 attempts a unit, of which one unit ended. */
    @Test
    void theUnitsThatAreDoneTellHowLongTheyTook() throws IOException {
        FleetPlan plan = Plans.of(2, 4, "abc");
        PlanReport report = open(folder.resolve("dir"), plan);
        Plans.write(report, plan.units().get(1), Verdict.DEADLOCK).done();
        KnownDurations durations = new KnownDurations();
        PlanReport.read(folder.resolve("dir")).tell(durations);
        assertThat(durations.minutes(List.of(Plans.ID), Plans.KERNEL.key())).isPresent();
        assertThat(durations.minutes(List.of("another"), Plans.KERNEL.key())).isEmpty();
    }

    @Test
    void theFirstThatEndsStays() throws IOException {
        FleetPlan plan = Plans.of(1, 1, "abc");
        PlanReport report = open(folder.resolve("dir"), plan);
        PlanReport.Begun slow = Plans.write(report, plan.units().get(0), Verdict.CRASH);
        PlanReport.Begun fast = Plans.write(report, plan.units().get(0), Verdict.DEADLOCK);
        assertThat(fast.times()).isEqualTo(2);
        assertThat(fast.done()).isTrue();
        assertThat(slow.done()).isFalse();
        assertThat(slow.folder()).doesNotExist();
        assertThat(PlanMerge.of(List.of(folder.resolve("dir")))
                        .into(folder.resolve("joint"))
                        .runs())
                .extracting(RunRecord::verdict)
                .containsExactly(Verdict.DEADLOCK);
    }

    /** ERROR is kept, and gives way to one that did better. */
    @Test
    void aUnitInWhichKsplatFailedCountsOnlyIfNobodyDidBetter() throws IOException {
        FleetPlan plan = Plans.of(1, 1, "abc");
        Path bad = folder.resolve("bad");
        Path good = folder.resolve("good");
        Plans.write(open(bad, plan), plan.units().get(0), Verdict.ERROR).failed();
        assertThat(PlanMerge.of(List.of(bad)).into(folder.resolve("one")).runs())
                .allMatch(RunRecord::isError);
        Plans.write(open(good, plan), plan.units().get(0), Verdict.DEADLOCK).done();
        for (List<Path> order : List.of(List.of(bad, good), List.of(good, bad))) {
            assertThat(PlanMerge.of(order).into(folder.resolve("both")).runs()).allMatch(RunRecord::asExpected);
        }
    }

    @Test
    void anotherPlanIsRefused() throws IOException {
        Path one = folder.resolve("one");
        open(one, Plans.of(1, 1, "abc"));
        open(folder.resolve("two"), Plans.of(1, 1, "abd"));
        assertThatThrownBy(() -> PlanMerge.of(List.of(one, folder.resolve("two"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("are not joined");
        assertThatThrownBy(() -> PlanMerge.of(List.of(one, folder)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no part of a plan");
        assertThatThrownBy(() -> open(one, Plans.of(1, 1, "abd")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another plan");
    }

    /** A folder that says that it is whole, and is not. */
    @Test
    void aUnitThatLacksAnAttemptIsMissing() throws IOException {
        FleetPlan plan = Plans.of(2, 2, "abc");
        PlanReport report = open(folder.resolve("dir"), plan);
        FleetUnit first = plan.units().get(0);
        Plans.write(report, Plans.unit(1, 1, 1, java.util.Optional.empty()), Verdict.DEADLOCK)
                .done();
        Path second = report.unit(plan.units().get(1));
        Plans.write(report, plan.units().get(1), Verdict.DEADLOCK).done();
        Files.writeString(
                second.resolve("unit.json"),
                Files.readString(second.resolve("unit.json")).replace("unit-0002", "unit-0001"));
        PlanMerge.Joint joint = PlanMerge.of(List.of(folder.resolve("dir"))).into(folder.resolve("joint"));
        assertThat(joint.missing()).hasSize(2);
        assertThat(joint.missing().get(0)).contains(first.id(), "1 of 2 attempts");
        assertThat(joint.missing().get(1)).contains("another unit");
    }
}
