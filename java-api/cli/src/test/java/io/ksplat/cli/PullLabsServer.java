// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * KernelCI's API, its storage and KCIDB's REST service in one, as far as a lab that pulls its jobs sees them: kernelci-api's /events and
 * /node, and kcidb-ng's /submit. Each of its paths can be in trouble.
 */
final class PullLabsServer implements AutoCloseable {
    static final String TOKEN = "secret.of-kcidb";
    static final String RUNTIME = "pull-ksplat";

    /** The build that its jobs are about. */
    static final String BUILD = "6925f00000000000000000b1";

    private static final int OK = 200;
    private static final int MOVED = 302;
    private static final int BAD = 400;
    private static final int UNAUTHORIZED = 401;
    private static final int MISSING = 404;
    private static final int BROKEN = 500;

    /** What a path does instead of answering. */
    enum Trouble {
        NONE,
        BROKEN,
        UNAUTHORIZED,
        MOVED,
        /** Nothing comes. */
        SILENT,
        /** A byte comes now and then. */
        SLOW,
        /** It never ends. */
        ENDLESS,
        NO_JSON
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ArrayNode events = JsonNodeFactory.instance.arrayNode();
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Map<String, Trouble> troubles = new ConcurrentHashMap<>();
    final List<JsonNode> submissions = new CopyOnWriteArrayList<>();
    final List<String> requests = new CopyOnWriteArrayList<>();

    PullLabsServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                handle(exchange);
            }
        });
        server.start();
    }

    URI address(String path) {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
    }

    /** Puts a path into trouble, or out of it. */
    void trouble(String path, Trouble trouble) {
        troubles.put(path, trouble);
    }

    void file(String path, byte[] content) {
        files.put(path, content);
    }

    /** Adds an event of a job, as GET /events?recursive=true has it. */
    ObjectNode event(String node, String runtime, String definition) {
        ObjectNode event = events.addObject();
        event.put("timestamp", "2026-11-29T10:00:00.%06d".formatted(events.size()))
                .put("id", "e" + node);
        event.putObject("data").put("id", node).put("kind", "job").put("state", "available");
        ObjectNode job = event.putObject("node");
        job.put("id", node).put("kind", "job").put("state", "available").put("parent", "6925f00000000000000000c1");
        job.putObject("data").put("runtime", runtime).put("platform", "qemu-x86");
        job.putObject("artifacts").put("job_definition", address(definition).toString());
        return event;
    }

    /** Adds a job of this lab with a definition. */
    void job(String node, String definition) {
        file("/jobs/" + node + ".json", definition.getBytes(StandardCharsets.UTF_8));
        event(node, RUNTIME, "/jobs/" + node + ".json");
    }

    /** Returns a definition as kernelci-core's pull_labs.jinja2 renders it. */
    String definition(String type, String parameters) {
        return """
                {
                  "artifacts": {"kernel": "%s", "modules": "%s"},
                  "tests": [{"id": "%s-1", "type": "%s", "depends": [], "timeout_s": 600, "parameters": "%s",
                             "pre-commands": [], "post-commands": []}],
                  "environment": {"platform": "qemu-x86", "arch": "x86_64",
                                  "console": {"method": "serial", "baud": 115200}},
                  "callback": {"url": "%s", "token_name": "kernelci-pull-ksplat"}
                }
                """.formatted(
                        address("/kernel/bzImage"),
                        address("/kernel/modules.tar.xz"),
                        type,
                        type,
                        parameters,
                        address("/callback"));
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] body = exchange.getRequestBody().readAllBytes();
        requests.add(exchange.getRequestMethod() + " " + path);
        switch (troubles.getOrDefault(path, Trouble.NONE)) {
            case NONE -> answer(exchange, path, body);
            case BROKEN -> send(exchange, BROKEN, "{\"detail\":\"the database is away\"}");
            case UNAUTHORIZED -> send(exchange, UNAUTHORIZED, "{\"status\":\"error\",\"message\":\"bad token\"}");
            case MOVED -> {
                exchange.getResponseHeaders().set("Location", "/elsewhere");
                send(exchange, MOVED, "");
            }
            case SILENT -> await();
            case SLOW, ENDLESS -> stream(exchange, troubles.get(path));
            case NO_JSON -> send(exchange, OK, "<html>");
        }
    }

    private void stream(HttpExchange exchange, Trouble trouble) throws IOException {
        exchange.sendResponseHeaders(OK, 0);
        byte[] part = new byte[trouble == Trouble.SLOW ? 1 : 1 << 16];
        Arrays.fill(part, (byte) ' ');
        try (OutputStream out = exchange.getResponseBody()) {
            while (closed.getCount() > 0) {
                out.write(part);
                out.flush();
                if (trouble == Trouble.SLOW) {
                    closed.await(100, TimeUnit.MILLISECONDS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void await() {
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void answer(HttpExchange exchange, String path, byte[] body) throws IOException {
        if (path.equals("/latest/events")) {
            send(exchange, OK, events(exchange.getRequestURI().getQuery()));
        } else if (path.startsWith("/latest/node/")) {
            node(exchange, path.substring(path.lastIndexOf('/') + 1));
        } else if (path.equals("/submit")) {
            submit(exchange, body);
        } else if (files.containsKey(path)) {
            // What is of another host must not see the token.
            assertThat(exchange.getRequestHeaders().containsKey("Authorization"))
                    .isFalse();
            exchange.sendResponseHeaders(OK, files.get(path).length);
            exchange.getResponseBody().write(files.get(path));
        } else {
            send(exchange, MISSING, "{\"detail\":\"Not Found\"}");
        }
    }

    /** As _build_events_query of kernelci-api: from is exclusive. */
    private String events(String query) {
        Map<String, String> asked = new HashMap<>();
        for (String part : query.split("&")) {
            asked.put(part.replaceFirst("=.*", ""), part.replaceFirst("[^=]*=", ""));
        }
        assertThat(asked)
                .containsEntry("kind", "job")
                .containsEntry("state", "available")
                .containsEntry("recursive", "true")
                .containsKeys("from", "limit")
                .hasSize(5);
        LocalDateTime.parse(asked.get("from"));
        ArrayNode found = JsonNodeFactory.instance.arrayNode();
        events.forEach(event -> {
            if (event.path("timestamp").asText().compareTo(asked.get("from")) > 0) {
                found.add(event);
            }
        });
        return found.toString();
    }

    /** A job hangs below a job of builds, and that below the build. */
    private void node(HttpExchange exchange, String id) throws IOException {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("id", id);
        if (id.equals(BUILD)) {
            send(exchange, OK, node.put("kind", "kbuild").toString());
        } else {
            send(exchange, OK, node.put("kind", "job").put("parent", BUILD).toString());
        }
    }

    /** As receive_submission of kcidb-restd-rs. */
    private void submit(HttpExchange exchange, byte[] body) throws IOException {
        if (!("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            send(exchange, UNAUTHORIZED, "{\"status\":\"error\",\"id\":\"0\",\"message\":\"no token\"}");
            return;
        }
        JsonNode json = new ObjectMapper().readTree(body);
        if (json.at("/version/major").asInt() != 5 || !json.at("/tests").isArray()) {
            send(exchange, BAD, "{\"status\":\"error\",\"id\":\"0\",\"message\":\"invalid\"}");
            return;
        }
        submissions.add(json);
        send(exchange, OK, "{\"status\":\"ok\",\"id\":\"" + submissions.size() + "\"}");
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
