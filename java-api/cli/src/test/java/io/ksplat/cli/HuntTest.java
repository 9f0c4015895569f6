// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Few operations on a real kernel. */
class HuntTest {
    private static final String KERNEL = "debian:6.12";
    private static final String TRIE_UPDATE = "map-update/lpm-trie";
    private static final String TRIE_DELETE = "map-delete/lpm-trie";

    @TempDir
    Path folder;

    /** The list of an LRU map has a spin lock, which the update in the NMI waits for, and no aim is given. */
    @Test
    @Tag("full")
    void findsTheDeadlockOfAnLruMapAndWritesAReproducer() throws Exception {
        Ksplat hunt = hunt("--operation", "map-update/lru-hash", "--points", "12");

        JsonNode tried = operation(hunt);
        assertThat(tried.path("answer").asText()).as(hunt.out()).isEqualTo("DEADLOCK");
        JsonNode finding = tried.path("findings").path(0);
        assertThat(finding.path("confirmed").asBoolean()).as(hunt.out()).isTrue();
        assertThat(finding.path("signature").asText()).contains("bpf_lru");
        assertThat(finding.path("to").asText()).as("before the release").contains("unlock");
        assertThat(hunt.out()).as("no address of one boot").doesNotContain("ffff888");
        assertThat(finding.path("known").asBoolean())
                .as("reproducers/known.toml has it")
                .isTrue();
        assertThat(finding.path("reason").asText()).contains("map-reentry/lru");
        assertThat(hunt.exit()).as(hunt.out()).isZero();
        Path java = folder.resolve("ksplat-report")
                .resolve(finding.path("reproducer").asText());
        assertThat(java).exists();
        assertThat(java.resolveSibling("hunt_map_update_lru_hash.bpf.c")).exists();

        // The answers are in the report: this takes no machine.
        Ksplat again = hunt("--operation", "map-update/lru-hash", "--points", "12", "--known", nothing());
        assertThat(operation(again).path("findings").path(0).path("known").asBoolean(true))
                .as(again.out())
                .isFalse();
        assertThat(again.exit()).as("nobody said that it is known").isEqualTo(1);
    }

    /** The opposite. */
    @Test
    @Tag("full")
    void findsNothingInALookup() throws Exception {
        Ksplat hunt = hunt("--operation", "map-lookup/array", "--points", "6");

        JsonNode tried = operation(hunt);
        assertThat(tried.path("answer").asText()).as(hunt.out()).isEqualTo("SAFE");
        assertThat(tried.path("succeeded").asInt())
                .as("points at which the lookup succeeded in the NMI")
                .isEqualTo(tried.path("points").asInt());
        assertThat(hunt.exit()).isZero();
    }

    /** A program on a function that runs under the map's lock waits for the lock, in a task, and no function is named. */
    @Test
    @Tag("full")
    void findsWhatAProgramDoesToAMapThatItIsCalledFrom() throws Exception {
        Ksplat hunt = hunt("--mode", "reentry", "--operation", "map-push/queue", "--known", nothing());

        JsonNode tried = operation(hunt);
        assertThat(tried.path("mode").asText()).isEqualTo("reentry");
        assertThat(tried.path("answer").asText()).as(hunt.out() + hunt.err()).isEqualTo("DEADLOCK");
        JsonNode finding = tried.path("findings").path(0);
        assertThat(finding.path("confirmed").asBoolean()).as(hunt.out()).isTrue();
        assertThat(finding.path("signature").asText()).contains("queue_stack_map_push_elem", ":task:");
        assertThat(finding.path("from").asText()).contains("_raw_spin_unlock");
        assertThat(tried.path("succeeded").asInt())
                .as("where the lock is free, it succeeds")
                .isPositive();
        assertThat(hunt.exit()).isEqualTo(1);
    }

    /** bpf_spin_unlock() begins with a call, as a function does that ftrace has patched, and ftrace cannot patch it. */
    @Test
    @Tag("full")
    void whatOnlyLooksLikeATracedFunctionIsNoPlace() throws Exception {
        Ksplat hunt = hunt("--mode", "reentry", "--operation", "helper/spin-lock");

        JsonNode tried = operation(hunt);
        assertThat(tried.path("answer").asText()).as(hunt.out() + hunt.err()).isEqualTo("UNSUPPORTED");
        assertThat(tried.path("message").asText()).contains("no function and no event");
        assertThat(hunt.exit()).as(hunt.err()).isZero();
    }

    /** The opposite: resilient locks, and none where a program can be attached. */
    @Test
    @Tag("full")
    void findsNothingWhereTheLockIsResilient() throws Exception {
        Ksplat hunt = huntOn(
                "debian:7.2",
                "--mode",
                "reentry",
                "--operation",
                "map-update/lru-hash",
                "--operation",
                "map-lookup/array");

        JsonNode all = new ObjectMapper().readTree(hunt.out()).path("operations");
        assertThat(all.findValuesAsText("answer")).as(hunt.out()).containsExactlyInAnyOrder("SAFE", "UNSUPPORTED");
        for (JsonNode tried : all) {
            boolean safe = tried.path("answer").asText().equals("SAFE");
            assertThat(tried.path("points").asInt() > 0).as(hunt.out()).isEqualTo(safe);
            assertThat(tried.path("succeeded").asInt() > 0).as(hunt.out()).isEqualTo(safe);
        }
        assertThat(hunt.exit()).as(hunt.err()).isZero();
    }

    /** What updates a trie holds its lock, and what deletes from it in the NMI waits for that. */
    @Test
    @Tag("full")
    void findsWhatAnotherOperationInTheNmiWaitsFor() throws Exception {
        Ksplat hunt = hunt("--operation", TRIE_UPDATE, "--against", TRIE_DELETE, "--points", "6", "--known", nothing());

        JsonNode tried = operation(hunt);
        assertThat(tried.path("name").asText()).isEqualTo(TRIE_UPDATE + "+" + TRIE_DELETE);
        assertThat(tried.path("answer").asText()).as(hunt.out() + hunt.err()).isEqualTo("DEADLOCK");
        JsonNode finding = tried.path("findings").path(0);
        assertThat(finding.path("confirmed").asBoolean()).as(hunt.out()).isTrue();
        assertThat(finding.path("signature").asText())
                .as("it waits in what the NMI does")
                .contains("<trie_delete_elem<bpf:in_nmi")
                .doesNotContain("trie_update_elem");
        assertThat(hunt.exit()).isEqualTo(1);
        Path java = folder.resolve("ksplat-report")
                .resolve(finding.path("reproducer").asText());
        assertThat(java).hasFileName("HuntMapUpdateLpmTrieNmiMapDeleteLpmTrie.java");

        Ksplat run = Ksplat.run(folder, "run", java.toString(), "--kernel", KERNEL, "--report", "again");
        assertThat(run.out()).as(run.err()).contains("DEADLOCK").contains("trie_delete_elem");
        assertThat(run.exit()).as(run.out()).isZero();
    }

    /** The opposite: the lock of the trie is resilient since. */
    @Test
    @Tag("full")
    void findsNothingInTheNmiWhereTheLockIsResilient() throws Exception {
        Ksplat hunt = huntOn("debian:7.2", "--operation", TRIE_UPDATE + "+" + TRIE_DELETE, "--points", "6");

        JsonNode tried = operation(hunt);
        assertThat(tried.path("answer").asText())
                .as("both take the lock, and so it was tried: " + hunt.out())
                .isEqualTo("SAFE");
        assertThat(tried.path("points").asInt()).isPositive();
        assertThat(tried.path("succeeded").asInt())
                .as("where the task has the lock, the NMI is refused it")
                .isPositive();
        assertThat(hunt.exit()).as(hunt.err()).isZero();
    }

    /** Which locks these are, the walks of both tell. */
    @Test
    @Tag("machine")
    void whatTakesNoneOfTheLocksIsNotTried() throws Exception {
        Ksplat hunt = hunt(
                "--operation",
                "map-push/queue+map-push/stack",
                "--operation",
                "map-push/queue+map-pop/queue",
                "--points",
                "2");

        JsonNode all = new ObjectMapper().readTree(hunt.out()).path("operations");
        assertThat(all.findValuesAsText("answer")).as(hunt.out() + hunt.err()).containsExactly("UNRELATED", "SAFE");
        assertThat(all.path(0).path("points").asInt()).isZero();
        assertThat(all.path(0).path("message").asText())
                .isEqualTo("map-push/stack in the NMI takes no lock that map-push/queue takes");
        assertThat(all.path(1).path("points").asInt())
                .as("one queue has one lock, which is only tried in an NMI")
                .isPositive();
        assertThat(hunt.exit()).isZero();
    }

    private String nothing() throws IOException {
        return Files.writeString(folder.resolve("known.toml"), "# nothing\n").toString();
    }

    /** Each kind of answer but the deadly ones, two points each. */
    @Test
    @Tag("machine")
    void tenOperationsAreAnswered() throws Exception {
        Map<String, String> expected = new LinkedHashMap<>();
        for (String safe : List.of(
                "map-lookup/array",
                "map-update/array",
                "map-lookup/hash",
                "helper/get-current-comm",
                "helper/ktime-get-ns",
                "helper/strtol",
                "kptr-drop/cpumask")) {
            expected.put(safe, "SAFE");
        }
        // No event is in the map, no program but LSM's may have storage of inodes, and no kernel of this series has
        // such a map.
        expected.put("helper/perf-event-output", "REFUSED");
        expected.put("storage-lookup/inode", "REJECTED");
        expected.put("map-update/rhash", "UNSUPPORTED");
        List<String> arguments = new ArrayList<>(List.of("--points", "2"));
        expected.keySet().forEach(name -> arguments.addAll(List.of("--operation", name)));

        Ksplat hunt = hunt(arguments.toArray(String[]::new));

        JsonNode result = new ObjectMapper().readTree(hunt.out());
        Map<String, String> answers = new LinkedHashMap<>();
        result.path("operations")
                .forEach(tried -> answers.put(
                        tried.path("name").asText(), tried.path("answer").asText()));
        assertThat(answers).as(hunt.out() + hunt.err()).containsExactlyInAnyOrderEntriesOf(expected);
        assertThat(hunt.exit()).as(hunt.err()).isZero();
        assertThat(texts(result.at("/uncovered/maps")))
                .contains("BPF_MAP_TYPE_DEVMAP")
                .doesNotContain("BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_UNSPEC");
        assertThat(texts(result.at("/uncovered/refused")))
                .as("of other types of programs; programs that may sleep")
                .contains("bpf_xdp_adjust_head", "bpf_sys_bpf", "bpf_copy_from_user_task")
                .doesNotContain("bpf_get_func_arg", "bpf_throw");
        assertThat(texts(result.at("/uncovered/helpers")))
                .contains("bpf_get_func_arg")
                .doesNotContain("bpf_map_update_elem");
        assertThat(texts(result.at("/uncovered/kfuncs"))).contains("bpf_throw").doesNotContain("bpf_task_release");
        assertThat(result.path("destructors").findValuesAsText("name"))
                .contains("bpf_task_release_dtor", "bpf_cgroup_release_dtor", "bpf_cpumask_release_dtor");
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }

    /** A path may be longer one time than another; what it shows may not differ. */
    @Test
    @Tag("full")
    void twoHuntsOfOneSeedShowTheSame() throws Exception {
        assertThat(shown("one")).isEqualTo(shown("two"));
    }

    private List<String> shown(String report) throws Exception {
        Ksplat hunt = hunt(
                "--operation",
                "map-delete/lru-hash",
                "--operation",
                "map-update/array",
                "--points",
                "8",
                "--report",
                report);
        List<String> shown = new ArrayList<>();
        for (JsonNode tried : new ObjectMapper().readTree(hunt.out()).path("operations")) {
            shown.add(tried.path("name").asText() + " " + tried.path("answer").asText());
            for (JsonNode finding : tried.path("findings")) {
                for (String field : List.of("signature", "lock", "from", "to", "confirmed", "known")) {
                    shown.add(finding.path(field).asText());
                }
            }
        }
        assertThat(shown)
                .as(hunt.out() + hunt.err())
                .contains("map-delete/lru-hash DEADLOCK", "map-update/array SAFE", "_raw_spin_unlock_irqrestore+0x9");
        return shown;
    }

    @Test
    void saysWhichOperationsThereAre() throws Exception {
        Ksplat unknown = Ksplat.run(folder, "hunt", "--operation", "map-update/nothing");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.err())
                .contains(
                        "there is no operation map-update/nothing; the nearest: ", "; all of them: ksplat hunt --list");

        Ksplat onePoint = Ksplat.run(folder, "plan", "hunt", "--points", "1");
        assertThat(onePoint.exit()).isEqualTo(2);
        assertThat(onePoint.err()).contains("--points must be at least 2");

        Ksplat reentry = Ksplat.run(
                folder, "hunt", "--mode", "reentry", "--operation", "map-pop/queue", "--against", "map-push/queue");
        assertThat(reentry.exit()).isEqualTo(2);
        assertThat(reentry.err()).contains("only in --mode nmi another operation can be done");

        Ksplat pairs = Ksplat.run(folder, "hunt", "--list", "--operation", "map-pop/queue", "--against", "map-push");
        assertThat(pairs.out().lines())
                .containsExactly(
                        "map-pop/queue+map-push/queue",
                        "map-pop/queue+map-push/stack",
                        "map-pop/queue+map-push/bloom-filter");
        assertThat(Ksplat.run(folder, "hunt", "--list", "--operation", "map-pop/queue", "--against", "all")
                        .out()
                        .lines())
                .hasSize(
                        (int) Ksplat.run(folder, "hunt", "--list").out().lines().count() - 1)
                .doesNotContain("map-pop/queue+map-pop/queue");

        Ksplat list = Ksplat.run(folder, "hunt", "--list", "--operation", "kptr-drop");
        assertThat(list.exit()).isZero();
        assertThat(list.out().lines())
                .containsExactly("kptr-drop/task", "kptr-drop/cgroup", "kptr-drop/crypto-ctx", "kptr-drop/cpumask");
    }

    private Ksplat hunt(String... arguments) throws Exception {
        return huntOn(KERNEL, arguments);
    }

    private Ksplat huntOn(String kernel, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("hunt", "--kernel", kernel, "--json", "--jobs", "2"));
        all.addAll(List.of(arguments));
        return Ksplat.run(folder, all.toArray(String[]::new));
    }

    private static JsonNode operation(Ksplat hunt) throws Exception {
        JsonNode all = new ObjectMapper().readTree(hunt.out()).path("operations");
        assertThat(all).as(hunt.out() + hunt.err()).hasSize(1);
        return all.get(0);
    }
}
