// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.campaign.internal.fleet.FleetPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat prepare}: the machine has what a plan needs, or it is said what it lacks. */
@Tag("network")
class PrepareTest {
    @TempDir
    Path folder;

    private final PastReports ksplat = new PastReports();
    private Path plan;

    @BeforeEach
    void makePlan() throws Exception {
        assertThat(ksplat.ksplat("plan", "nmi-cpumask-kptr", "--kernel", "debian:7.2", "--repeat", "2", "--json"))
                .as(ksplat.err.toString())
                .isZero();
        plan = Files.writeString(folder.resolve("plan.json"), ksplat.out.toString());
    }

    @Test
    void namesTheKernelsThatAreThere() {
        assertThat(ksplat.ksplat("prepare", "--plan", plan.toString()))
                .as(ksplat.err.toString())
                .isZero();
        assertThat(ksplat.out.toString())
                .containsPattern("debian:7.2: 7\\.2\\.\\S+cloud")
                .contains("1 kernels and 1 reproducers are as planned", "ksplat cache export FILE --plan " + plan);
    }

    /** Another kernel under the same name, as the newest of a series is on another day. */
    @Test
    void aPlanOfAnotherKernelIsRefused() throws Exception {
        FleetPlan made = FleetPlan.read(plan);
        FleetPlan.Kernel old = new FleetPlan.Kernel("debian:7.2", "7.2.1", "7.2.1-cloud");
        FleetPlan other =
                FleetPlan.of(made.tool(), made.work(), made.settings(), made.reproducers(), List.of(old), made.units());
        Files.writeString(plan, other.json());

        assertThat(ksplat.ksplat("prepare", "--plan", plan.toString())).isEqualTo(3);
        assertThat(ksplat.err.toString()).contains("and was 7.2.1-cloud when it was planned");
        assertThat(ksplat.out.toString()).doesNotContain("as planned");
    }

    @Test
    void aPlanThatIsNoneIsNamed() {
        assertThat(ksplat.ksplat("prepare", "--plan", folder + "/no-such.json")).isEqualTo(3);
        assertThat(ksplat.err.toString()).contains("no-such.json");
    }
}
