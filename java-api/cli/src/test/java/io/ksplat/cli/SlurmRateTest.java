// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prints how many units a minute Slurm does with 1, 2 and 4 slots of this host. The rates are told and not judged. */
@Tag("machine")
@Tag("long")
class SlurmRateTest {
    private static final int UNITS = Integer.getInteger("ksplat.slurm.units", 32);
    private static final int SHARDS = 16;
    private static final int[] SLOTS = {1, 2, 4};
    private static final double SECONDS = 60;

    @TempDir
    Path folder;

    @Test
    void tellsTheUnitsPerMinuteOfOneTwoAndFourSlots() throws Exception {
        Path plan = SlurmTest.plan(folder, UNITS);
        double alone = 0;
        for (int slots : SLOTS) {
            Path own = Files.createDirectory(folder.resolve("slots-" + slots));
            Path report = own.resolve("report");
            try (SlurmCluster cluster = SlurmCluster.start(Files.createDirectory(own.resolve("slurm")))) {
                for (int node = slots + 1; node <= 4; node++) {
                    cluster.run("scontrol update NodeName=n" + node + " State=DRAIN Reason=slots");
                }
                Path launcher = SlurmCluster.launcher(own, cluster.scratch());
                cluster.run(launcher + " submit slurm --go --plan " + plan + " --report " + report + " --shards "
                        + SHARDS + " --ksplat " + launcher);
                long begun = System.nanoTime();
                cluster.await(
                        "all jobs have ended", () -> cluster.run("squeue -h").isEmpty());
                double minutes = Duration.ofNanos(System.nanoTime() - begun).toMillis() / SECONDS / 1000;
                assertThat(report.resolve("log/merge"))
                        .content()
                        .contains(UNITS + " of " + UNITS + " units of the plan are here");
                double rate = UNITS / minutes;
                alone = slots == 1 ? rate : alone;
                System.out.printf(
                        "%d slots: %.1f units a minute, %.2f of %d times one slot%n",
                        slots, rate, rate / (slots * alone), slots);
            }
        }
    }
}
