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
}
