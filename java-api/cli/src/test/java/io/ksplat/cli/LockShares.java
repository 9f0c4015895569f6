// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Two shares of the catalogue that a test framework has run: {@code res-spin-lock-aa} and {@code res-spin-lock-abba}. */
final class LockShares {
    private LockShares() {}

    /** Joins {@code shard-1} and {@code shard-2} of a folder, and checks that all is in it. */
    static void areOneReport(Path folder) throws Exception {
        Ksplat merge = Ksplat.run(
                Files.createDirectory(folder.resolve("merge")),
                "merge",
                folder.resolve("shard-1").toString(),
                folder.resolve("shard-2").toString(),
                "--report",
                folder.resolve("joint").toString());
        assertThat(merge.exit()).as(merge.err()).isZero();
        List<String> runs = new ArrayList<>();
        new ObjectMapper()
                .readTree(folder.resolve("joint/results.json").toFile())
                .path("runs")
                .forEach(run -> runs.add(run.path("reproducer").asText() + " "
                        + run.path("verdict").asText()));
        assertThat(runs)
                .containsExactlyInAnyOrder(
                        "res-spin-lock-aa RECOVERED",
                        "res-spin-lock-aa/two-locks CLEAN",
                        "res-spin-lock-abba RECOVERED",
                        "res-spin-lock-abba/same-order CLEAN");
    }
}
