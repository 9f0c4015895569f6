// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ksplat and all that it started stand still for a minute, as on a laptop that sleeps: what waited did not wait so long. */
@Tag("full")
@Tag("machine")
@Tag("network")
class StandstillTest {
    private static final int STANDS_S = 60;

    @TempDir
    Path folder;

    @Test
    void aMinuteInWhichNothingRunsIsNoHang() throws Exception {
        Ksplat ksplat = Ksplat.start(folder, "run", "nmi-cpumask-kptr", "nmi-task-kptr", "--jobs", "2");
        ksplat.awaitQemus(2);
        List<ProcessHandle> all = new ArrayList<>(ksplat.machines());
        // First who would miss the others.
        all.add(0, ksplat.handle());
        Ksplat.signal("STOP", all);
        TimeUnit.SECONDS.sleep(STANDS_S);
        Ksplat.signal("CONT", all);
        ksplat.exit();

        assertThat(ksplat.outcome("nmi-cpumask-kptr"))
                .as(ksplat.out() + ksplat.err())
                .isEqualTo("CLEAN");
        assertThat(ksplat.outcome("nmi-task-kptr"))
                .as(ksplat.out() + ksplat.err())
                .isEqualTo("DEADLOCK");
        ksplat.assertNothingLeft();
    }
}
