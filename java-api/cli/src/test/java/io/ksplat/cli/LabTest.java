// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.campaign.internal.lab.JobRun;
import io.ksplat.campaign.internal.lab.Lab;
import io.ksplat.cli.PullLabsServer.Trouble;
import io.ksplat.engine.RunSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** {@code ksplat lab} against a server that speaks the protocol, with jobs that need no kernel. */
@Tag("full")
class LabTest {
    private static final String EVENTS = "/latest/events";
    private static final String SUBMIT = "/submit";
    private static final String NODE = "6925f0000000000000000001";

    @TempDir
    Path folder;

    private final PullLabsServer server;
    private final List<String> told = new ArrayList<>();

    /** Long, where an answer is to come; a start against a server in trouble need not wait so long. */
    private Duration deadline = Duration.ofMinutes(2);

    LabTest() throws IOException {
        server = new PullLabsServer();
    }

    @AfterEach
    void end() {
        server.close();
    }

    /** A start of the lab, which asks once. */
    private boolean lab() throws Exception {
        return lab(Set.of(), PullLabsServer.TOKEN);
    }

    private boolean impatientLab() throws Exception {
        deadline = Duration.ofSeconds(1);
        try {
            return lab();
        } finally {
            deadline = Duration.ofMinutes(2);
        }
    }

    private boolean lab(Set<String> platforms, String token) throws Exception {
        Lab.Settings settings = new Lab.Settings(
                server.address("/latest"),
                server.address(SUBMIT),
                PullLabsServer.RUNTIME,
                platforms,
                "my_lab",
                "maestro",
                Optional.empty(),
                token,
                Optional.of("2026-11-01T00:00:00"),
                Duration.ofHours(1),
                deadline,
                Integer.MAX_VALUE,
                true);
        JobRun run = new JobRun(
                () -> {
                    throw new AssertionError("nothing is to be run");
                },
                () -> {
                    throw new AssertionError("nothing is to be run");
                },
                word -> List.of(),
                RunSettings.of(RunSettings.DEFAULT_KERNEL),
                1,
                ended -> {});
        try (Lab lab = new Lab(settings, folder.resolve("state"), run, told::add)) {
            return lab.run();
        }
    }

    private static JsonNode onlyTest(JsonNode submission) {
        assertThat(submission.path("tests")).hasSize(1);
        return submission.path("tests").get(0);
    }

    @Test
    void aJobThatCannotBeRunIsToldToKcidbWithItsReason() throws Exception {
        String good = server.definition("ksplat", "reproducers=nmi-task-kptr");
        Map<String, String> reasons = new LinkedHashMap<>();
        List<String> jobs = List.of(
                "{\"artifacts\":",
                "[]",
                server.definition("boot", ""),
                good.replace("x86_64", "arm64"),
                good.replace("\"pre-commands\": []", "\"pre-commands\": [\"rm -rf /\"]"),
                good.replace("bzImage\"", "bzImage\", \"kernel\": \"file:///etc/passwd\""),
                server.definition("ksplat", "reproducers=../../etc/passwd"),
                server.definition("ksplat", "reproducers=nmi-task-kptr,nmi-task-kptr"),
                server.definition("ksplat", "reproducers=nmi-task-kptr repeat=0"),
                server.definition("ksplat", "reproducers=nmi-task-kptr --kernel=x"),
                server.definition("ksplat", "reproducers=no-such"),
                good.replace("\"callback\"", "\"integrity\": {\"sha256\": {\"kernel\": \"x\"}}, \"callback\""));
        for (int i = 0; i < jobs.size(); i++) {
            server.job("job-%02d".formatted(i), jobs.get(i));
        }

        assertThat(lab()).as(told.toString()).isTrue();

        for (JsonNode submission : server.submissions) {
            JsonNode test = onlyTest(submission);
            reasons.put(
                    test.at("/misc/kernelci_node").asText(),
                    test.path("status").asText() + " " + test.path("comment").asText());
            assertThat(test.path("build_id").asText()).isEqualTo("maestro:" + PullLabsServer.BUILD);
            assertThat(test.path("origin").asText()).isEqualTo("my_lab");
            assertThat(submission.has("builds")).isFalse();
        }
        List<String> words = List.of(
                "MISS the job's definition is no JSON",
                "SKIP the job has no test of type ksplat",
                "SKIP the job has no test of type ksplat",
                "MISS the job is for the architecture \"arm64\"",
                "MISS the test ksplat-1 has pre-commands",
                "MISS the job has no artifacts.kernel that could be fetched",
                "no reproducer of the catalogue",
                "names nmi-task-kptr twice",
                "repeat=0: 1 to 1000",
                "has the parameter \"--kernel=x\"",
                "names no-such, which this lab's catalogue lacks",
                "sha256");
        for (int i = 0; i < jobs.size(); i++) {
            assertThat(reasons)
                    .hasEntrySatisfying(
                            "job-%02d".formatted(i),
                            reason -> assertThat(words)
                                    .anySatisfy(word -> assertThat(reason).contains(word)));
            assertThat(reasons.get("job-%02d".formatted(i))).contains(words.get(i));
        }
    }

    @Test
    void leavesAloneWhatIsOfAnotherLab() throws Exception {
        ((ObjectNode) server.event(NODE, "pull-other", "/jobs/other.json").at("/node/data"))
                .put("platform", "beaglebone-black");
        server.event("../../x", PullLabsServer.RUNTIME, "/jobs/other.json");
        ((ObjectNode) server.event("6925f2", PullLabsServer.RUNTIME, "/jobs/x.json")
                        .path("node"))
                .remove("artifacts");
        server.job("6925f3", server.definition("boot", ""));

        assertThat(lab(Set.of("beaglebone-black"), PullLabsServer.TOKEN)).isTrue();

        assertThat(server.submissions).isEmpty();
        assertThat(folder.resolve("state/jobs")).isEmptyDirectory();
        assertThat(server.requests).containsExactly("GET " + EVENTS);
        assertThat(told).anyMatch(line -> line.contains("an event is passed over"));
    }

    @ParameterizedTest
    @EnumSource(
            value = Trouble.class,
            names = {"BROKEN", "SILENT", "SLOW", "ENDLESS", "NO_JSON"})
    void anApiInTroubleIsAskedAgain(Trouble trouble) throws Exception {
        server.job(NODE, server.definition("boot", ""));
        server.trouble(EVENTS, trouble);

        assertThat(impatientLab()).isFalse();
        assertThat(told).singleElement().satisfies(line -> assertThat(line).contains("the next try follows"));

        server.trouble(EVENTS, Trouble.NONE);
        assertThat(lab()).as(told.toString()).isTrue();
        assertThat(server.submissions).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Trouble.class,
            names = {"BROKEN", "SILENT", "SLOW", "ENDLESS", "MOVED"})
    void aResultIsNeitherForgottenNorPostedTwice(Trouble trouble) throws Exception {
        server.job(NODE, server.definition("boot", ""));
        server.trouble(SUBMIT, Trouble.BROKEN);
        assertThat(lab()).isFalse();
        server.trouble(SUBMIT, trouble);
        told.clear();
        assertThat(impatientLab()).isFalse();
        assertThat(told).anyMatch(line -> line.contains("its results are kept, and posted later"));
        byte[] kept = Files.readAllBytes(folder.resolve("state/jobs/" + NODE + "/submission.json"));

        server.trouble(SUBMIT, Trouble.NONE);
        for (int start = 0; start < 3; start++) {
            assertThat(lab()).as(told.toString()).isTrue();
        }
        assertThat(server.submissions).hasSize(1);
        assertThat(server.submissions.get(0)).isEqualTo(new ObjectMapper().readTree(kept));
        assertThat(server.requests).doesNotContain("POST /elsewhere", "GET /elsewhere");
    }

    @Test
    void aServerThatIsGoneIsAnError() throws Exception {
        server.close();

        assertThat(lab()).isFalse();
        assertThat(told)
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("cannot get " + server.address(EVENTS))
                        .doesNotContain("\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {EVENTS, SUBMIT})
    void aRefusedTokenEndsItAndKeepsTheResults(String path) throws Exception {
        server.job(NODE, server.definition("boot", ""));
        server.trouble(path, Trouble.UNAUTHORIZED);

        assertThatThrownBy(this::lab)
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("401", "refuses the token")
                .hasMessageNotContainingAny(PullLabsServer.TOKEN, "\n");

        server.trouble(path, Trouble.NONE);
        assertThatThrownBy(() -> lab(Set.of(), "another")).hasMessageContaining("refuses the token");
        assertThat(lab()).isTrue();
        assertThat(server.submissions).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Trouble.class,
            names = {"BROKEN", "SILENT", "SLOW", "ENDLESS"})
    void aDefinitionThatCannotBeFetchedIsTriedThreeTimes(Trouble trouble) throws Exception {
        server.job(NODE, server.definition("boot", ""));
        server.trouble("/jobs/" + NODE + ".json", Trouble.BROKEN);
        assertThat(lab()).isTrue();
        server.trouble("/jobs/" + NODE + ".json", trouble);
        for (int start = 0; start < 2; start++) {
            if (trouble == Trouble.ENDLESS) {
                lab();
                assertThat(told).last().asString().contains("larger than 1048576 bytes");
            } else {
                impatientLab();
            }
            assertThat(server.submissions).isEmpty();
        }
        lab();
        assertThat(onlyTest(server.submissions.get(0)).path("status").asText()).isEqualTo("MISS");
    }

    @Test
    void resultsThatKcidbRefusesAreToldAndKept() throws Exception {
        server.job(NODE, server.definition("boot", ""));
        server.trouble(SUBMIT, Trouble.BROKEN);
        lab();
        Path kept = folder.resolve("state/jobs/" + NODE + "/submission.json");
        Files.writeString(kept, "{}");
        server.trouble(SUBMIT, Trouble.NONE);

        assertThat(lab()).isFalse();
        assertThat(told).anyMatch(line -> line.contains("KCIDB refuses its results") && line.contains("400"));
        assertThat(kept).exists();
        assertThat(lab()).as("it is told once").isTrue();
    }

    @Test
    void oneFolderIsOfOneLab() throws Exception {
        Files.createDirectories(folder.resolve("state"));
        try (var channel = FileChannel.open(
                        folder.resolve("state/.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(this::lab).hasMessageContaining("another ksplat lab uses");
        }
    }

    private String refusal(String... words) {
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(false, "lab");
        command.setErr(new PrintWriter(err, true));
        List<String> all = new ArrayList<>(List.of("lab", "--runtime", "r", "--state", folder + "/none"));
        all.addAll(List.of(words));
        assertThat(command.execute(all.toArray(String[]::new))).isEqualTo(2);
        return err.toString();
    }

    @Test
    void aTokenIsNeverInTheClearNorOnTheCommandLine() throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "a b\n");
        String file = token.toString();
        assertThat(refusal("--api", "https://a/latest", "--submit", "https://secret@b/submit", "--origin", "o"))
                .contains("--submit has a token");
        assertThat(refusal("--api", "https://a/latest", "--submit", "http://b/submit", "--origin", "o"))
                .contains("in the clear");
        assertThat(refusal("--api", "https://a/latest", "--submit", "https://b/submit", "--origin", "o"))
                .contains("there is no token");
        assertThat(refusal(
                        "--api", "https://a/latest", "--submit", "https://b/", "--origin", "o", "--token-file", file))
                .contains("one word of ASCII");
        assertThat(refusal("--api", "ftp://a/", "--submit", "https://b/submit", "--origin", "o"))
                .contains("--api is an address of HTTP");
        assertThat(refusal("--api", "https://a/", "--submit", "https://b/submit", "--origin", "My Lab"))
                .contains("lower-case letters");
    }
}
