// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Few points of a real machine. */
@Tag("full")
class SweepTest {
    @TempDir
    Path folder;

    /**
     * Coarse, over the whole of call_rcu(): the borders that it finds unaided are the taking and the release of the lock that the aimed
     * reproducer meets held.
     */
    @Test
    void findsTheCriticalSectionToTheInstructionAndTheSameTwice() throws Exception {
        JsonNode map = sweep("--from", "__call_rcu_common", "--points", "9", "--stride", "25");

        List<JsonNode> dead = points(map).stream()
                .filter(point -> point.path("verdict").asText().equals("DEADLOCK"))
                .toList();
        assertThat(dead).as(map.toString()).isNotEmpty();
        assertThat(dead)
                .allSatisfy(point -> assertThat(point.path("waitsFor").asText()).contains("nocb"));
        assertThat(points(map))
                .as("whoever is interrupted where it deadlocks holds the lock, and elsewhere does not")
                .allSatisfy(point -> assertThat(point.path("holds").toString().contains("nocb"))
                        .isEqualTo(point.path("verdict").asText().equals("DEADLOCK")));
        JsonNode first = dead.get(0);
        JsonNode last = dead.get(dead.size() - 1);
        assertThat(first.path("function").asText()).as("after the taking").contains("lock");
        assertThat(last.path("function").asText()).as("before the release").contains("unlock");
        List<Integer> measured =
                points(map).stream().map(point -> point.path("n").asInt()).toList();
        assertThat(measured)
                .contains(first.path("n").asInt() - 1, last.path("n").asInt() + 1);
        Path files = folder.resolve("sweep").resolve("nmi-task-kptr");
        assertThat(Files.readString(files.resolve("sweep.txt")))
                .as("where the reproducer aims")
                .containsPattern("rcu_cblist_enqueue +\\d+ +\\+0x0\\.\\.");
        assertThat(Files.readString(files.resolve("listing.txt")))
                .containsPattern("(?m)^  [dD] \\+0x0 .*waits for .*nocb");

        JsonNode again = sweep(
                "--anchor",
                map.path("anchor").asText(),
                "--points",
                "3",
                "--start",
                first.path("n").asInt() - 1 + "");
        assertThat(verdicts(again)).containsExactly("CLEAN", "DEADLOCK", "DEADLOCK");
        JsonNode third = sweep(
                "--anchor",
                map.path("anchor").asText(),
                "--points",
                "3",
                "--start",
                first.path("n").asInt() - 1 + "");
        assertThat(third.path("steps")).isEqualTo(again.path("steps"));
    }

    @Test
    void saysWhyThereIsNoAnchor() throws Exception {
        Ksplat nowhere = Ksplat.run(folder, "sweep", "nmi-task-kptr", "--from", "call_rcuu", "--points", "1");
        assertThat(nowhere.exit()).isEqualTo(3);
        assertThat(nowhere.err())
                .contains("no anchor at call_rcuu: this kernel has no function call_rcuu; near: call_rcu");

        Ksplat noNmi = Ksplat.run(folder, "sweep", "res-spin-lock-aa", "--from", "call_rcu", "--points", "1");
        assertThat(noNmi.exit()).isEqualTo(3);
        assertThat(noNmi.err()).contains("res-spin-lock-aa aims no NMI");

        Ksplat unknown = Ksplat.run(folder, "sweep", "nmi-task-kptr", "--anchor", "none-such", "--points", "1");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.err()).contains("there is no anchor none-such");
        unknown.assertNothingLeft();
    }

    private JsonNode sweep(String... more) throws Exception {
        List<String> words =
                new ArrayList<>(List.of("sweep", "nmi-task-kptr", "--json", "--report", folder.toString()));
        words.addAll(List.of(more));
        Ksplat ksplat = Ksplat.run(folder, words.toArray(String[]::new));
        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        ksplat.assertNothingLeft();
        return new ObjectMapper().readTree(ksplat.out());
    }

    /** All that were measured, in the order of the way. */
    private static List<JsonNode> points(JsonNode map) {
        List<JsonNode> points = new ArrayList<>();
        map.path("steps").forEach(points::add);
        map.path("refined").forEach(points::add);
        points.sort(java.util.Comparator.comparingInt(point -> point.path("n").asInt()));
        return points;
    }

    private static List<String> verdicts(JsonNode map) {
        return map.path("steps").findValuesAsText("verdict");
    }
}
