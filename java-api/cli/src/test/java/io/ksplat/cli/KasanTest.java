// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kernel that checks each access to memory, which ./ksplat verify --full builds before. */
@Tag("kasan")
class KasanTest {
    private static final String KERNEL = "source:7.3+kasan";

    @TempDir
    Path folder;

    @Test
    void aTaskLookedAtAfterItsFreeIsSeenAndTheCheckerBlindFromThenOn() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-use-after-free", "--kernel", KERNEL, "--expect", "CRASH");

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        JsonNode report = ksplat.onlyRun().path("evidence").get(0);
        assertThat(report.path("kind").asText()).isEqualTo("memory-safety");
        assertThat(report.path("title").asText()).isEqualTo("KASAN: slab-use-after-free Read in bpf_task_pt_regs");
        assertThat(ksplat.observed("kasan")).isZero();
    }

    @Test
    void whatAcquiresUnderRcuIsCleanWithTheCheckerStillOn() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "kptr-acquire/rcu", "--kernel", KERNEL);

        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(ksplat.observed("kasan")).isOne();
    }
}
