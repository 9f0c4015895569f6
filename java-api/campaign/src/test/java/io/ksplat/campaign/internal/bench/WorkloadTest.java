// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.campaign.Entries;
import io.ksplat.campaign.Trial;
import io.ksplat.engine.Catalogue;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Progress;
import io.ksplat.results.KernelName;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import io.ksplat.results.internal.wire.CampaignJson;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class WorkloadTest {
    private static final Catalogue CATALOGUE = new Catalogue(List.of(
            Entries.entry("element-churn", new Catalogue.Metric("elements", "1", "events", "")),
            Entries.entry("hash-churn", new Catalogue.Metric("eventsPerSecondAndCpu", "1/s", "events", "cpu-ns")),
            Entries.entry("kptr-xchg", new Catalogue.Metric("exchanges", "1/s", "events", "cpu-ns")),
            Entries.entry("nmi-task-kptr")));

    private static final KernelSpec A = KernelSpec.parse("debian:6.1");
    private static final KernelSpec B = KernelSpec.parse("debian:7.2");

    private final List<String> order = new ArrayList<>();

    @Test
    void kernelsTakeTurnsAndTheFirstTurnDoesNotCount() throws Exception {
        Measurement measured = workload("hash-churn", (kernel, attempt) -> {
                    order.add(kernel + " " + attempt);
                    int rate = kernel.equals(A) ? 300 : 200;
                    return List.of(run(kernel, "hash-churn", Verdict.CLEAN, attempt == 1 ? 1 : rate * attempt));
                })
                .measure(List.of(A, B), 3);

        assertThat(order.subList(2, 6)).containsExactly("debian:6.1 2", "debian:7.2 2", "debian:6.1 3", "debian:7.2 3");
        JsonNode json = new ObjectMapper().readTree(CampaignJson.line(measured.record()));
        assertThat(json.path("bench").asText()).isEqualTo("workload");
        assertThat(json.path("figures").get(0).path("name").asText()).isEqualTo("eventsPerSecondAndCpu debian:6.1");
        assertThat(json.path("figures").get(0).path("median").asDouble()).isEqualTo(900);
        assertThat(json.path("figures").get(0).path("runs").asInt()).isEqualTo(3);
        assertThat(json.path("figures").get(0).path("values")).hasSize(3);
        JsonNode ratio = json.path("ratios").get(0);
        assertThat(ratio.path("name").asText()).isEqualTo("eventsPerSecondAndCpu debian:6.1/debian:7.2");
        assertThat(ratio.path("value").asDouble()).isEqualTo(1.5);
        assertThat(ratio.path("low").asDouble()).isEqualTo(1.5);
        assertThat(json.path("environment").path("accelerator").asText()).startsWith("tcg");
        assertThat(measured.text()).contains("tcg").contains("95 %: 1.500 to 1.500");
    }

    @Test
    void aRunThatIsNotCleanGivesNoFigure() {
        assertThatThrownBy(() -> workload(
                                "hash-churn",
                                (kernel, attempt) -> List.of(run(kernel, "hash-churn", Verdict.INCONCLUSIVE, 300)))
                        .measure(List.of(A), 2))
                .hasMessageContaining("hash-churn gives no figure on debian:6.1: INCONCLUSIVE");
    }

    @Test
    void theCaseThatAKernelHasIsTheOneThatCounts() throws Exception {
        Measurement measured = workload(
                        "kptr-xchg",
                        (kernel, attempt) -> List.of(
                                run(kernel, "kptr-xchg/cpumask", Verdict.UNSUPPORTED, 0),
                                run(kernel, "kptr-xchg/test-object", Verdict.CLEAN, 70)))
                .measure(List.of(A), 1);

        assertThat(measured.record().figures().get(0).median()).isEqualTo(70);
    }

    @Test
    void whatGivesNoFigureIsNoWorkload() {
        assertThatThrownBy(() -> workload("nmi-task-kptr", (kernel, attempt) -> List.of()))
                .hasMessageContaining("element-churn, hash-churn, kptr-xchg");
    }

    private static Workload workload(String id, Trial trial) {
        return new Workload(CATALOGUE, CATALOGUE.find(id), trial, Progress.NONE);
    }

    private static RunRecord run(KernelSpec kernel, String id, Verdict verdict, long events) {
        return RunRecord.of(id, new KernelName(kernel.toString(), "7.2.13", "key"), 1)
                .verdict(verdict)
                .expected(Verdict.CLEAN)
                .controls(List.of(Control.effect("events", 1, events), Control.effect("cpu-ns", 1, 1_000_000_000)))
                .timings(new Timings(OptionalLong.empty(), OptionalLong.empty(), OptionalLong.empty(), 1))
                .accelerator("tcg")
                .origin("template")
                .build();
    }
}
