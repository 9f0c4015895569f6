// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.Catalogue;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class OrderedListenerTest {
    private static final Catalogue CATALOGUE = Entries.catalogue("map-reentry", "nmi-task-kptr");
    private static final List<KernelSpec> KERNELS =
            List.of(KernelSpec.parse("debian:7.2"), KernelSpec.parse("debian:6.12"));

    private final List<String> told = new ArrayList<>();

    private static Plan plan(int repeat, String... ids) {
        return Plan.of(List.of(ids).stream().map(CATALOGUE::find).toList(), KERNELS, 1, repeat);
    }

    private static RunRecord run(String id, String kernel, int attempt) {
        return RunRecord.of(id, new KernelName(kernel, "", "key"), attempt)
                .verdict(Verdict.CLEAN)
                .expected(Verdict.CLEAN)
                .timings(new Timings(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), 1))
                .accelerator("tcg")
                .origin("boot")
                .build();
    }

    private void tell(RunRecord run) {
        told.add(run.reproducer() + " " + run.kernel().spec() + " " + run.attempt());
    }

    @Test
    void placesFollowReproducersThenKernelsThenNumbers() {
        Plan plan = plan(2, "nmi-task-kptr", "map-reentry/hash");

        assertThat(plan.attempts()).hasSize(8);
        assertThat(plan.place(run("nmi-task-kptr", "debian:7.2", 1))).isZero();
        assertThat(plan.place(run("nmi-task-kptr", "debian:7.2", 2))).isEqualTo(1);
        assertThat(plan.place(run("nmi-task-kptr", "debian:6.12", 1))).isEqualTo(2);
        assertThat(plan.place(run("map-reentry/hash", "debian:6.12", 2))).isEqualTo(7);
        assertThat(plan.place(run("map-reentry/lru", "debian:6.12", 2))).isEqualTo(-1);
        assertThat(plan.attempts().get(0).more()).isEqualTo(1);
        assertThat(plan.attempts().get(1).more()).isZero();
    }

    @Test
    void theCasesOfOneReproducerShareItsPlace() {
        Plan plan = plan(1, "map-reentry");

        assertThat(plan.place(run("map-reentry/hash", "debian:6.12", 1)))
                .isEqualTo(plan.place(run("map-reentry/lru", "debian:6.12", 1)))
                .isEqualTo(1);
    }

    @Test
    void whatIsNamedTwiceRunsOnce() {
        assertThat(plan(1, "nmi-task-kptr", "nmi-task-kptr").attempts()).hasSize(2);
        assertThat(plan(1, "map-reentry/hash", "map-reentry", "map-reentry/lru").attempts())
                .hasSize(2)
                .allMatch(attempt -> attempt.reproducer().testCase().isEmpty());
    }

    @Test
    void aRunThatEndsEarlyIsToldInItsTurn() {
        OrderedListener inOrder = new OrderedListener(plan(3, "map-reentry"), this::tell);

        inOrder.ended(run("map-reentry/hash", "debian:7.2", 2));
        inOrder.ended(run("map-reentry/hash", "debian:7.2", 3));
        inOrder.over(2);
        assertThat(told).isEmpty();

        inOrder.ended(run("map-reentry/hash", "debian:7.2", 1));
        assertThat(told)
                .as("of the attempt whose turn it is, at once")
                .containsExactly("map-reentry/hash debian:7.2 1");

        inOrder.ended(run("map-reentry/lru", "debian:7.2", 1));
        inOrder.over(0);
        assertThat(told)
                .containsExactly(
                        "map-reentry/hash debian:7.2 1",
                        "map-reentry/lru debian:7.2 1",
                        "map-reentry/hash debian:7.2 2");

        inOrder.ended(run("map-reentry/lru", "debian:7.2", 2));
        inOrder.over(1);
        assertThat(told)
                .endsWith("map-reentry/lru debian:7.2 2", "map-reentry/hash debian:7.2 3")
                .hasSize(5);
    }

    @Test
    void anInterruptionTellsOfWhatItsTurnNeverCame() {
        OrderedListener inOrder = new OrderedListener(plan(3, "nmi-task-kptr"), this::tell);

        inOrder.ended(run("nmi-task-kptr", "debian:7.2", 3));
        inOrder.end();

        assertThat(told).containsExactly("nmi-task-kptr debian:7.2 3");
    }
}
