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

/** Few operations on a real kernel. */
class HuntTest {
    private static final String KERNEL = "debian:6.12";

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
        assertThat(hunt.exit()).as("nobody said that it is known").isEqualTo(1);

        Path known = folder.resolve("known");
        Files.writeString(known, finding.path("signature").asText() + " | 2999-01-01 | a test\n");
        Ksplat again = hunt("--operation", "map-update/lru-hash", "--points", "12", "--known", known.toString());
        assertThat(operation(again).path("findings").path(0).path("known").asText())
                .as(again.out())
                .contains("a test");
        assertThat(again.exit()).isZero();
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

    @Test
    void saysWhichOperationsThereAre() throws Exception {
        Ksplat unknown = Ksplat.run(folder, "hunt", "--operation", "map-update/nothing");
        assertThat(unknown.exit()).isEqualTo(2);
        assertThat(unknown.err()).contains("there is no operation map-update/nothing; there are: map-update/hash,");

        Ksplat list = Ksplat.run(folder, "hunt", "--list", "--operation", "kptr-drop");
        assertThat(list.exit()).isZero();
        assertThat(list.out().lines())
                .containsExactly("kptr-drop/task", "kptr-drop/cgroup", "kptr-drop/crypto-ctx", "kptr-drop/cpumask");
    }

    private Ksplat hunt(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("hunt", "--kernel", KERNEL, "--json", "--jobs", "2"));
        all.addAll(List.of(arguments));
        return Ksplat.run(folder, all.toArray(String[]::new));
    }

    private static JsonNode operation(Ksplat hunt) throws Exception {
        JsonNode all = new ObjectMapper().readTree(hunt.out()).path("operations");
        assertThat(all).as(hunt.out() + hunt.err()).hasSize(1);
        return all.get(0);
    }
}
