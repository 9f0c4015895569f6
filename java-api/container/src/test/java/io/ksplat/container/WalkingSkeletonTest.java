// SPDX-License-Identifier: Apache-2.0
package io.ksplat.container;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** Runs reproducers through JUnit's launcher, with QEMU in a container. */
@DockerHere
@Tag("container")
class WalkingSkeletonTest {
    @TempDir
    private Path report;

    private JsonNode run(String type) throws Exception {
        var summary = new SummaryGeneratingListener();
        try (var session = LauncherFactory.openSession()) {
            session.getLauncher()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(DiscoverySelectors.selectClass(type))
                                    .configurationParameter("ksplat.container", KernelContainers.image())
                                    .configurationParameter("ksplat.kernel", "debian:7.2")
                                    .configurationParameter("ksplat.report", report.toString())
                                    .build(),
                            summary);
        }
        assertThat(summary.getSummary().getFailures()).isEmpty();
        assertThat(summary.getSummary().getTestsSucceededCount()).isEqualTo(1);
        assertThat(KernelContainers.all()).as("containers left").isEmpty();
        return new ObjectMapper()
                .readTree(report.resolve("results.json").toFile())
                .path("runs")
                .path(0);
    }

    @Test
    void deadlocksInAContainer() throws Exception {
        JsonNode run = run("io.ksplat.reproducers.kptr.NmiTaskKptr");
        assertThat(run.path("verdict").asText()).isEqualTo("DEADLOCK");
        JsonNode stuck = run.path("evidence").path(0);
        assertThat(stuck.path("kind").asText()).isEqualTo("cpu-stuck");
        assertThat(stuck.path("source").asText()).isEqualTo("outside");
        assertThat(stuck.path("stacks").toString()).contains("on_nmi", "call_rcu");
    }

    @Test
    void staysCleanInAContainer() throws Exception {
        JsonNode run = run("io.ksplat.reproducers.kptr.NmiCpumaskKptr");
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(run.path("controls"))
                .isNotEmpty()
                .allSatisfy(control ->
                        assertThat(control.path("passed").asBoolean()).isTrue());
    }
}
