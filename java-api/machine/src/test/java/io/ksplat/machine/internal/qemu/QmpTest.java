// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.machine.MachineException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class QmpTest {
    /** As QEMU 7.2 greets. */
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}}, \"capabilities\": [\"oob\"]}}";

    private static final Duration PATIENCE = Duration.ofMillis(300);

    private SocketPair sockets;

    @BeforeEach
    void connect() throws IOException {
        sockets = SocketPair.open();
    }

    @AfterEach
    void disconnect() throws IOException {
        sockets.close();
    }

    /** Answers each command after the greeting and the capabilities; an answer of "" closes the connection. */
    private void serve(Function<JsonNode, String> answers) throws IOException {
        say(GREETING);
        Thread server = new Thread(
                () -> {
                    ObjectMapper json = new ObjectMapper();
                    try (BufferedReader lines = new BufferedReader(Channels.newReader(sockets.far(), UTF_8))) {
                        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                            JsonNode command = json.readTree(line);
                            String answer = command.path("execute").asText().equals("qmp_capabilities")
                                    ? ok(command, "{}")
                                    : answers.apply(command);
                            if (answer.isEmpty()) {
                                return;
                            }
                            say(answer);
                        }
                    } catch (IOException e) {
                        // The test has closed its sockets.
                    }
                },
                "fake-qmp");
        server.setDaemon(true);
        server.start();
    }

    private void say(String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\r\n").getBytes(UTF_8));
        while (bytes.hasRemaining()) {
            sockets.far().write(bytes);
        }
    }

    private static String ok(JsonNode command, String value) {
        return "{\"return\": " + value + ", \"id\": " + command.path("id") + "}";
    }

    private static String refusal(JsonNode command, String words) {
        return "{\"id\": " + command.path("id") + ", \"error\": {\"class\": \"GenericError\", \"desc\": \"" + words
                + "\"}}";
    }

    private Qmp qmp() throws IOException {
        return new Qmp(sockets.near(), PATIENCE);
    }

    @Test
    void sendsACommandWithItsArgumentsAndReturnsWhatCameBack() throws IOException {
        serve(command -> ok(command, "{\"asked\": " + command + "}"));
        try (Qmp qmp = qmp()) {
            JsonNode asked = qmp.execute("human-monitor-command", Map.of("command-line", "x \"y\"", "cpu-index", 1))
                    .path("asked");
            assertThat(asked.path("execute").asText()).isEqualTo("human-monitor-command");
            assertThat(asked.path("arguments").path("command-line").asText()).isEqualTo("x \"y\"");
            assertThat(asked.path("arguments").path("cpu-index").asInt()).isEqualTo(1);
        }
    }

    @Test
    void leavesOutEmptyArgumentsWhichQemuWouldTakeBadly() throws IOException {
        serve(command -> ok(command, "" + command.has("arguments")));
        try (Qmp qmp = qmp()) {
            assertThat(qmp.execute("stop", Map.of()).asBoolean()).isFalse();
        }
    }

    @Test
    void returnsTheTextOfTheHumanMonitor() throws IOException {
        serve(command -> ok(command, "\"one\\r\\ntwo\\r\\n\""));
        try (Qmp qmp = qmp()) {
            assertThat(qmp.monitor("info version")).isEqualTo("one\r\ntwo\r\n");
        }
    }

    @Test
    void saysQemusOwnWordsWhereItRefuses() throws IOException {
        serve(command -> refusal(command, "The command nope has not been found"));
        try (Qmp qmp = qmp()) {
            assertThatThrownBy(() -> qmp.execute("nope", Map.of()))
                    .isExactlyInstanceOf(MachineException.class)
                    .hasMessage("QEMU refused: The command nope has not been found");
        }
    }

    @Test
    void goesOnAfterARefusal() throws IOException {
        serve(command -> command.path("execute").asText().equals("nope") ? refusal(command, "no") : ok(command, "7"));
        try (Qmp qmp = qmp()) {
            assertThatThrownBy(() -> qmp.execute("nope", Map.of())).hasMessageContaining("refused");
            assertThat(qmp.execute("yes", Map.of()).asInt()).isEqualTo(7);
        }
    }

    @Test
    void completesTheNextEventOfANameAndOnlyThatOne() throws Exception {
        serve(command -> "{\"event\": \"RESUME\", \"data\": {}}\r\n"
                + "{\"event\": \"MIGRATION\", \"data\": {\"status\": \"completed\"}, \"timestamp\": {\"seconds\": 1}}\r\n"
                + ok(command, "{}"));
        try (Qmp qmp = qmp()) {
            CompletableFuture<JsonNode> migration = qmp.nextEvent("MIGRATION");
            CompletableFuture<JsonNode> shutdown = qmp.nextEvent("SHUTDOWN");
            qmp.execute("migrate", Map.of());
            assertThat(migration.get(60, TimeUnit.SECONDS).path("status").asText())
                    .isEqualTo("completed");
            assertThat(shutdown).isNotDone();
            assertThat(qmp.nextEvent("MIGRATION")).isNotDone();
        }
    }

    @Test
    void givesAnswersThatComeInAnotherOrderToWhoAsked() throws Exception {
        List<JsonNode> held = new ArrayList<>();
        serve(command -> {
            held.add(command);
            return held.size() < 2
                    ? "{\"event\": \"NOTHING\"}"
                    : ok(held.get(1), "\"" + held.get(1).path("execute").asText() + "\"") + "\r\n"
                            + ok(held.get(0), "\"" + held.get(0).path("execute").asText() + "\"");
        });
        try (Qmp qmp = new Qmp(sockets.near(), Duration.ofSeconds(60))) {
            CompletableFuture<String> first = CompletableFuture.supplyAsync(() -> asked(qmp, "first"));
            CompletableFuture<String> second = CompletableFuture.supplyAsync(() -> asked(qmp, "second"));
            assertThat(first.get(60, TimeUnit.SECONDS)).isEqualTo("first");
            assertThat(second.get(60, TimeUnit.SECONDS)).isEqualTo("second");
        }
    }

    private static String asked(Qmp qmp, String command) {
        try {
            return qmp.execute(command, Map.of()).asText();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void saysAtOnceThatQemuIsGoneWhereItClosesInsteadOfAnswering() throws IOException {
        serve(command -> "");
        try (Qmp qmp = new Qmp(sockets.near(), Duration.ofMinutes(1))) {
            CompletableFuture<JsonNode> event = qmp.nextEvent("SHUTDOWN");
            assertThatThrownBy(() -> qmp.execute("query-status", Map.of())).isInstanceOf(MachineException.Gone.class);
            assertThatThrownBy(() -> event.get(60, TimeUnit.SECONDS)).hasCauseInstanceOf(MachineException.Gone.class);
        }
    }

    @Test
    void saysSoAgainToWhoAsksAfterwards() throws IOException {
        serve(command -> "");
        try (Qmp qmp = new Qmp(sockets.near(), Duration.ofMinutes(1))) {
            assertThatThrownBy(() -> qmp.execute("query-status", Map.of())).isInstanceOf(MachineException.Gone.class);
            assertThatThrownBy(() -> qmp.execute("query-status", Map.of())).isInstanceOf(MachineException.Gone.class);
            assertThatThrownBy(() -> qmp.monitor("info status")).isInstanceOf(MachineException.Gone.class);
            assertThatThrownBy(() -> qmp.nextEvent("STOP").get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(MachineException.Gone.class);
        }
    }

    @Test
    void waitsNoLongerThanItsPatienceForAQemuThatNeverAnswers() throws IOException {
        serve(command -> "{\"event\": \"NOTHING\"}");
        try (Qmp qmp = qmp()) {
            assertThatThrownBy(() -> qmp.execute("query-status", Map.of()))
                    .isInstanceOf(MachineException.Late.class)
                    .hasMessage("QEMU did not answer query-status within 300 ms");
        }
    }

    @Test
    void takesAQemuThatTalksGarbageForGone() throws IOException {
        serve(command -> "\u0000\u0001{{{ not json");
        try (Qmp qmp = new Qmp(sockets.near(), Duration.ofMinutes(1))) {
            assertThatThrownBy(() -> qmp.execute("query-status", Map.of()))
                    .isInstanceOf(MachineException.Gone.class)
                    .hasMessageContaining("JsonParseException");
        }
    }

    @Test
    void passesOverJsonThatIsNoAnswerToAnything() throws IOException {
        serve(command ->
                "[]\r\n42\r\nnull\r\n\r\n{}\r\n{\"return\": 1, \"id\": 999}\r\n{\"return\": 2, \"id\": \"x\"}\r\n"
                        + ok(command, "3"));
        try (Qmp qmp = qmp()) {
            assertThat(qmp.execute("query", Map.of()).asInt()).isEqualTo(3);
        }
    }

    @Test
    void doesNotComeIntoBeingWhereNobodyGreets() {
        assertThatThrownBy(this::qmp)
                .isInstanceOf(MachineException.Late.class)
                .hasMessageContaining("qmp_capabilities");
    }
}
