// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans of hunts, soaks and sweeps: each runs as two machines would, and is one again. */
@Tag("machine")
@Tag("full")
class PlanKindsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path folder;

    private Path plan(String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("plan"));
        all.addAll(List.of(words));
        all.add("--json");
        Ksplat plan = Ksplat.run(folder, all.toArray(String[]::new));
        assertThat(plan.exit()).as(plan.err()).isZero();
        return Files.writeString(folder.resolve("plan.json"), plan.out());
    }

    private Ksplat shard(Path plan, int number) throws Exception {
        return Ksplat.run(
                folder, "run", "--plan", plan.toString(), "--shard", number + "/2", "--report", "shard-" + number);
    }

    private Ksplat merge(String... reports) throws Exception {
        List<String> all = new ArrayList<>(List.of("merge"));
        all.addAll(List.of(reports));
        all.addAll(List.of("--report", "joint"));
        return Ksplat.run(folder, all.toArray(String[]::new));
    }

    @Test
    void aHuntIsDividedByOperations() throws Exception {
        Path plan = plan(
                "hunt",
                "--kernel",
                "debian:6.12",
                "--operation",
                "map-lookup/array",
                "--operation",
                "map-update/rhash",
                "--points",
                "2");
        Ksplat one = shard(plan, 1);
        assertThat(one.exit()).as(one.out() + one.err()).isZero();
        assertThat(one.out()).contains("map-lookup/array on debian:6.12: SAFE", "1 of 2 units: all are done");

        Ksplat half = merge("shard-1");
        assertThat(half.exit()).as("the other half is missing").isEqualTo(3);
        assertThat(half.out())
                .contains(
                        "missing: unit-0002 (map-update/rhash on debian:6.12): it was not begun",
                        "Not tried, since the time was up or a unit is missing: map-update/rhash");

        assertThat(shard(plan, 2).exit()).isZero();
        Ksplat both = merge("shard-2", "shard-1");
        assertThat(both.exit()).as(both.out() + both.err()).isZero();
        assertThat(both.out())
                .containsPattern("map-lookup/array +SAFE")
                .containsPattern("map-update/rhash +UNSUPPORTED")
                .contains("2 of 2 units of the plan are here");
        assertThat(folder.resolve("joint/hunt/debian_6.12/hunt.html")).exists();

        Ksplat next = Ksplat.run(
                folder,
                "plan",
                "hunt",
                "--kernel",
                "debian:6.12",
                "--operation",
                "map-lookup/array",
                "--operation",
                "map-lookup/hash",
                "--from",
                "shard-1");
        assertThat(next.out())
                .as("how long the first took: " + next.err())
                .containsPattern("\\(map-lookup/array on debian:6.12\\), [0-9.]+ minutes")
                .contains("(map-lookup/hash on debian:6.12)\n");
    }

    /** The finding's reproducer and its run are in the joint report. */
    @Test
    void whatAHuntHasFoundIsKept() throws Exception {
        Path plan = plan("hunt", "--kernel", "debian:6.12", "--operation", "map-update/lru-hash", "--points", "12");
        Ksplat one = shard(plan, 1);
        assertThat(one.exit()).as("reproducers/known.toml has it: " + one.err()).isZero();
        Ksplat joint = merge("shard-1");
        assertThat(joint.exit()).as(joint.out() + joint.err()).isZero();
        assertThat(joint.out()).containsPattern("map-update/lru-hash +DEADLOCK").contains("confirmed");
        JsonNode finding = MAPPER.readTree(
                        folder.resolve("joint/hunt/debian_6.12/hunt.json").toFile())
                .at("/operations/0/findings/0");
        assertThat(folder.resolve("joint").resolve(finding.path("reproducer").asText()))
                .exists();
        assertThat(MAPPER.readTree(folder.resolve("joint/results.json").toFile())
                        .at("/runs/0/verdict")
                        .asText())
                .isEqualTo("DEADLOCK");
    }

    /** A program that says of itself that it deadlocks, and does not, contradicts; in another round as well. */
    @Test
    void aSoakIsDividedByRuns() throws Exception {
        Path liar = Files.writeString(folder.resolve("liar.c"), """
                // ksplat: expect=deadlock
                int main(void)
                {
                \treturn 0;
                }
                """);
        Path plan = plan("soak", liar.toString(), "nmi-cpumask-kptr", "--kernel", "debian:7.2", "--rounds", "2");
        List<Integer> codes = List.of(shard(plan, 1).exit(), shard(plan, 2).exit());
        assertThat(codes).as("some shard has the liar").contains(1);
        Ksplat joint = merge("shard-1", "shard-2");
        assertThat(joint.exit()).as(joint.out() + joint.err()).isEqualTo(1);
        assertThat(joint.out())
                .contains("4 runs, contradictions: 2 of 4", "4 of 4 units of the plan are here")
                .contains("CLEAN, expected DEADLOCK")
                .doesNotContain("after a round");

        Ksplat half = merge("shard-1");
        assertThat(half.exit()).as(half.out()).isEqualTo(3);
    }

    /** The borders of the lock lie in several units, and the map is that of one machine. */
    @Test
    void aSweepIsDividedByPoints() throws Exception {
        Path plan = plan(
                "sweep",
                "nmi-task-kptr",
                "--from",
                "__call_rcu_common",
                "--points",
                "9",
                "--stride",
                "25",
                "--unit",
                "3");
        JsonNode planned = MAPPER.readTree(plan.toFile());
        assertThat(planned.path("units")).hasSize(3);
        for (int number = 1; number <= 2; number++) {
            Ksplat shard = shard(plan, number);
            assertThat(shard.exit()).as(shard.out() + shard.err()).isZero();
        }
        Ksplat half = merge("shard-2");
        assertThat(half.exit()).as(half.out() + half.err()).isEqualTo(3);
        assertThat(half.out()).contains("ERROR", "missing: unit-0001", "missing: unit-0003");
        Ksplat joint = merge("shard-2", "shard-1");
        assertThat(joint.exit()).as(joint.out() + joint.err()).isZero();

        Ksplat one = Ksplat.run(
                folder,
                "sweep",
                "nmi-task-kptr",
                "--anchor",
                planned.path("work").path("anchor").asText(),
                "--points",
                "9",
                "--stride",
                "25",
                "--json",
                "--report",
                "one");
        assertThat(one.exit()).as(one.err()).isZero();
        TreeMap<Integer, String> alone = results(MAPPER.readTree(one.out()));
        assertThat(alone.values()).contains("DEADLOCK", "CLEAN");
        assertThat(results(MAPPER.readTree(
                        folder.resolve("joint/sweep/nmi-task-kptr/sweep.json").toFile())))
                .isEqualTo(alone);
        assertThat(folder.resolve("joint/sweep/nmi-task-kptr/sweep.html")).exists();
    }

    private static TreeMap<Integer, String> results(JsonNode map) {
        TreeMap<Integer, String> results = new TreeMap<>();
        for (String list : List.of("steps", "refined")) {
            map.path(list)
                    .forEach(point -> results.put(
                            point.path("n").asInt(), point.path("verdict").asText()));
        }
        return results;
    }

    @Test
    void aPlanWhoseAnchorIsNotHereIsRefused() throws Exception {
        Path plan = plan("sweep", "nmi-task-kptr", "--from", "__call_rcu_common", "--points", "2");
        Path cache = Files.createDirectory(folder.resolve("cache"));
        Ksplat elsewhere = Ksplat.start(
                folder, java.util.Map.of("XDG_CACHE_HOME", cache.toString()), "prepare", "--plan", plan.toString());
        assertThat(elsewhere.exit()).isEqualTo(2);
        assertThat(elsewhere.err())
                .contains("there is no anchor nmi-task-kptr-")
                .contains("ksplat cache export");
    }
}
