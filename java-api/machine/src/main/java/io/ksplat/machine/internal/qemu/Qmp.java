// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.ksplat.machine.MachineException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A client of QEMU's machine protocol. Thread-safe.
 *
 * @see <a href="https://www.qemu.org/docs/master/interop/qmp-spec.html">QMP specification</a>
 */
public final class Qmp implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ObjectMapper json = new ObjectMapper();
    private final SocketChannel channel;
    private final Duration patience;
    private final AtomicLong nextId = new AtomicLong();
    private final Map<Long, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final Map<String, CompletableFuture<JsonNode>> events = new ConcurrentHashMap<>();
    private volatile CompletableFuture<String> migration = new CompletableFuture<>();
    private final CompletableFuture<String> closed = new CompletableFuture<>();

    Qmp(SocketChannel channel) throws IOException {
        this(channel, PATIENCE);
    }

    /** @param patience how long QEMU may take for an answer */
    Qmp(SocketChannel channel, Duration patience) throws IOException {
        this.channel = channel;
        this.patience = patience;
        Thread reader = new Thread(this::read, "ksplat-qmp");
        reader.setDaemon(true);
        reader.start();
        execute("qmp_capabilities", Map.of());
    }

    /**
     * Runs a command and returns its result.
     *
     * @throws MachineException with QEMU's message if it refused
     */
    public JsonNode execute(String command, Map<String, ?> arguments) throws IOException {
        return await(command, send(command, arguments), patience);
    }

    /** Runs a command of the human monitor and returns its text. */
    public String monitor(String commandLine) throws IOException {
        return execute("human-monitor-command", Map.of("command-line", commandLine))
                .asText();
    }

    /** Returns a future of the data of the next event of that name. */
    public CompletableFuture<JsonNode> nextEvent(String name) {
        CompletableFuture<JsonNode> event = events.computeIfAbsent(name, ignored -> new CompletableFuture<>());
        // Checked after the entry is visible, so that a reader that ends meanwhile cannot miss it.
        if (closed.isDone()) {
            event.completeExceptionally(gone());
        }
        return event;
    }

    /**
     * Returns a future of "completed" or "failed", the result of the next save or restore of this machine's state. Call it before
     * the command that starts one. Needs the capability "events".
     */
    public CompletableFuture<String> nextMigration() {
        CompletableFuture<String> next = new CompletableFuture<>();
        migration = next;
        if (closed.isDone()) {
            next.completeExceptionally(gone());
        }
        return next;
    }

    /** Waits for the future of {@link #send} or of an event. */
    public <T> T await(String what, CompletableFuture<T> answer) throws IOException {
        return await(what, answer, patience);
    }

    /** Sends a command without waiting for its result. */
    public CompletableFuture<JsonNode> send(String command, Map<String, ?> arguments) throws IOException {
        long id = nextId.incrementAndGet();
        ObjectNode message = json.createObjectNode().put("execute", command).put("id", id);
        if (!arguments.isEmpty()) {
            message.set("arguments", json.valueToTree(arguments));
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        // Checked after the entry is visible, so that a reader that ends meanwhile cannot miss it.
        if (closed.isDone()) {
            throw gone();
        }
        ByteBuffer bytes = ByteBuffer.wrap((message + "\n").getBytes(StandardCharsets.UTF_8));
        synchronized (channel) {
            while (bytes.hasRemaining()) {
                try {
                    channel.write(bytes);
                } catch (IOException e) {
                    throw new MachineException.Gone(
                            "QEMU is gone (cannot write to its monitor: " + e.getMessage() + ")");
                }
            }
        }
        return answer;
    }

    private static <T> T await(String command, CompletableFuture<T> answer, Duration patience) throws IOException {
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw failure;
            }
            throw new MachineException("QMP " + command + " failed: " + e.getCause(), e);
        } catch (TimeoutException e) {
            throw new MachineException.Late(
                    "QEMU did not answer " + command + " within " + patience.toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while waiting for QMP " + command, e);
        }
    }

    private void read() {
        String end = "end of file";
        try (BufferedReader lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                dispatch(line);
            }
        } catch (IOException e) {
            end = e.toString();
        }
        closed.complete(end);
        MachineException gone = gone();
        waiting.values().forEach(answer -> answer.completeExceptionally(gone));
        events.values().forEach(event -> event.completeExceptionally(gone));
        migration.completeExceptionally(gone);
    }

    private MachineException gone() {
        return new MachineException.Gone("QEMU is gone (reading its monitor: " + closed.join() + ")");
    }

    private void dispatch(String line) throws JsonProcessingException {
        JsonNode message = json.readTree(line);
        if (message.has("event")) {
            String status = message.path("data").path("status").asText();
            if (message.get("event").asText().equals("MIGRATION")
                    && (status.equals("completed") || status.equals("failed"))) {
                migration.complete(status);
            }
            CompletableFuture<JsonNode> event =
                    events.remove(message.get("event").asText());
            if (event != null) {
                event.complete(message.path("data"));
            }
            return;
        }
        CompletableFuture<JsonNode> answer = waiting.remove(message.path("id").asLong());
        if (answer == null) {
            return;
        }
        if (message.has("error")) {
            answer.completeExceptionally(new MachineException(
                    "QEMU refused: " + message.path("error").path("desc").asText()));
        } else {
            answer.complete(message.path("return"));
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
