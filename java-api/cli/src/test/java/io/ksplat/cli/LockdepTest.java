// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kernel that proves its locking, which ./ksplat verify --full builds before. */
@Tag("lockdep")
class LockdepTest {
    private static final String KERNEL = "source:7.3+lockdep";

    @TempDir
    Path folder;

    @Test
    void aTaskDroppedInNmiIsAnInconsistentLockStateWithBothStacks() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--kernel", KERNEL);

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("DEADLOCK");
        JsonNode report = run.path("evidence").get(0);
        assertThat(report.path("kind").asText()).isEqualTo("lockdep-inconsistent");
        assertThat(report.path("source").asText()).isEqualTo("console");
        assertThat(report.path("locks").get(0).path("name").asText()).isNotEmpty();
        assertThat(report.path("stacks").findValuesAsText("context")).startsWith("nmi", "task");
        JsonNode frames = report.path("stacks").get(0).path("frames");
        assertThat(frames.findValuesAsText("function")).anyMatch(function -> function.startsWith("__call_rcu_common"));
        assertThat(frames.findValuesAsText("file")).contains("kernel/rcu/tree.c");
        assertThat(ksplat.observed("lockdep"))
                .as("lockdep is blind after its first report")
                .isZero();
    }

    @Test
    void aCpumaskOnTheSamePathIsCleanWithLockdepStillOn() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-cpumask-kptr", "--kernel", KERNEL);

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(ksplat.observed("lockdep")).isOne();
    }
}
