// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelSpec;
import io.ksplat.kernel.Kernels;
import io.ksplat.kernel.Progress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat lab} as a process: jobs that run on a kernel which the job names by its address. */
@Tag("machine")
@Tag("full")
class LabRunTest {
    private static final String NODE = "6925f0000000000000000001";
    private static final String KERNEL = "/kernel/bzImage";

    @TempDir
    Path folder;

    private final PullLabsServer server;
    private int starts;

    LabRunTest() throws IOException {
        server = new PullLabsServer();
    }

    @AfterEach
    void end() {
        server.close();
    }

    /** Debian's own, as if KernelCI had built it. */
    @BeforeEach
    void offerKernel() throws Exception {
        server.file(
                KERNEL,
                Files.readAllBytes(new Kernels(Cache.standard())
                        .resolve(KernelSpec.parse("debian:6.12"), Progress.NONE)
                        .image()));
    }

    private Ksplat start(String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                "lab",
                "--api",
                server.address("/latest").toString(),
                "--submit",
                server.address("/submit").toString(),
                "--runtime",
                PullLabsServer.RUNTIME,
                "--origin",
                "my_lab",
                "--since",
                "2026-11-01T00:00:00",
                "--poll",
                "1",
                "--state",
                folder.resolve("state").toString(),
                "--jobs",
                "1"));
        words.addAll(List.of(more));
        return Ksplat.start(
                Files.createDirectory(folder.resolve("start-" + starts++)),
                Map.of("KSPLAT_LAB_TOKEN", PullLabsServer.TOKEN),
                words.toArray(String[]::new));
    }

    private Map<String, String> statuses() {
        assertThat(server.submissions).hasSize(1);
        Map<String, String> all = new TreeMap<>();
        server.submissions
                .get(0)
                .path("tests")
                .forEach(test ->
                        all.put(test.path("path").asText(), test.path("status").asText()));
        return all;
    }

    private JsonNode job() throws IOException {
        return new ObjectMapper()
                .readTree(folder.resolve("state/jobs/" + NODE + "/job.json").toFile());
    }

    /** Waits until a run of the job is on. */
    private static void awaitRun(Ksplat lab) throws Exception {
        lab.awaitProgress("acceptance-endless: running");
    }

    private static void signal(String name, Ksplat lab) throws Exception {
        Process kill = new ProcessBuilder(
                        "kill", "-" + name, Long.toString(lab.handle().pid()))
                .start();
        assertThat(kill.waitFor(1, TimeUnit.MINUTES)).isTrue();
        lab.exit();
    }

    @Test
    void runsAJobAndPostsWhatTheKernelDid() throws Exception {
        server.job(NODE, server.definition("ksplat", "reproducers=map-reentry/lru,map-reentry/lru-other-map repeat=1"));
        server.job("6925f0000000000000000002", server.definition("boot", ""));

        Ksplat lab = start("--jobs-limit", "1");

        assertThat(lab.exit()).as(lab.out() + lab.err()).isZero();
        assertThat(statuses())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("ksplat.map-reentry.lru", "FAIL", "ksplat.map-reentry.lru-other-map", "PASS"));
        JsonNode posted = server.submissions.get(0);
        assertThat(posted.path("tests"))
                .allSatisfy(test ->
                        assertThat(test.path("build_id").asText()).isEqualTo("maestro:" + PullLabsServer.BUILD));
        assertThat(posted.path("issues")).isNotEmpty();
        assertThat(lab.out() + lab.err()).doesNotContain(PullLabsServer.TOKEN);
        assertThat(folder.resolve("state/jobs/" + NODE + "/kernel")).doesNotExist();
        lab.assertNothingLeft();

        Ksplat again = start("--once");
        assertThat(again.exit()).as(again.out() + again.err()).isZero();
        assertThat(server.submissions).hasSize(2);
        assertThat(server.submissions.get(1).at("/tests/0/misc/kernelci_node").asText())
                .isEqualTo("6925f0000000000000000002");
    }

    @Test
    void aSignalStopsItInGoodOrderAndTheNextStartRunsTheJobAgain() throws Exception {
        server.job(NODE, server.definition("ksplat", "reproducers=acceptance-endless"));
        Ksplat lab = start();
        awaitRun(lab);
        signal("TERM", lab);
        assertThat(lab.out()).contains("stopped, the next start runs it again");
        assertThat(job().path("state").asText()).isEqualTo("taken");
        assertThat(job().path("begun").asInt()).isZero();
        assertThat(server.submissions).isEmpty();
        lab.assertNothingLeft();

        Ksplat next = start();
        awaitRun(next);
        signal("KILL", next);
        assertThat(job().path("begun").asInt()).isEqualTo(1);
        next.assertNothingLeft();

        server.file(
                "/jobs/" + NODE + ".json",
                server.definition("ksplat", "reproducers=acceptance-endless")
                        .replace("\"timeout_s\": 600", "\"timeout_s\": 1")
                        .getBytes(StandardCharsets.UTF_8));
        Ksplat last = start("--once");
        assertThat(last.exit()).as(last.out() + last.err()).isZero();
        assertThat(statuses()).containsValue("MISS").doesNotContainValue("PASS");
        assertThat(server.submissions.get(0).toString()).contains("timeout_s of 1");
        last.assertNothingLeft();
    }

    @Test
    void aKernelThatIsAnotherIsNotRun() throws Exception {
        String definition = server.definition("ksplat", "reproducers=map-reentry/lru")
                .replace("\"callback\"", "\"integrity\": {\"sha256\": {\"kernel\": \"%s\"}}, \"callback\"");
        server.job(NODE, definition.formatted("0".repeat(64)));
        Ksplat lab = start("--once");
        assertThat(lab.exit()).as(lab.out() + lab.err()).isZero();
        assertThat(statuses()).containsOnly(Map.entry("ksplat", "MISS"));
        assertThat(server.submissions.get(0).at("/tests/0/comment").asText())
                .contains("has the SHA-256", "and the job says 0000");
    }
}
