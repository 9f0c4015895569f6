// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.hunt;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OperationPairTest {
    @TempDir
    Path folder;

    /** Else the runs of one would take the place of the other's in the report. */
    @Test
    void twoLocksOfAnOperationGiveReproducersOfTwoNames() throws IOException {
        Operation operation = Operations.named(List.of("map-update/lru-hash")).get(0);
        Path second = OperationPair.write(
                folder,
                operation,
                operation.id(HuntMode.NMI, 2),
                new Repetition.InNmi(".aimAt(\"vfs_unlink\")"),
                Verdict.DEADLOCK,
                "why");
        assertThat(second).hasFileName("HuntMapUpdateLruHashLock2.java");
        assertThat(Files.readString(second))
                .contains("id = \"hunt-map-update-lru-hash-lock-2\"", "class HuntMapUpdateLruHashLock2");
        assertThat(folder.resolve("hunt_map_update_lru_hash_lock_2.bpf.c")).isRegularFile();
    }

    @Test
    void eachPlaceHasAProgramOfItsOwn() throws IOException {
        Operation operation = Operations.named(List.of("map-push/queue")).get(0);
        Path java = OperationPair.write(
                folder,
                operation,
                operation.id(HuntMode.REENTRY),
                new Repetition.AtPlaces(
                        List.of(new Place("fentry/one", "one+0x0"), new Place("tp_btf/event", "two+0x10"))),
                Verdict.CLEAN,
                "why");

        assertThat(java).hasFileName("HuntReentryMapPushQueue.java");
        assertThat(Files.readString(java)).contains("\"fentry/one\"", "\"tp_btf/event\"");
        assertThat(Files.readString(folder.resolve("hunt_reentry_map_push_queue.bpf.c")))
                .contains("#define PLACES 2\n", "AGAIN(0, \"fentry/one\")\nAGAIN(1, \"tp_btf/event\")\n");
    }
}
