// SPDX-License-Identifier: Apache-2.0
package io.ksplat.report.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.JavascriptException;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.support.ui.WebDriverWait;

/**
 * A trace in the viewer of chrome://tracing (Catapult's trace viewer), in a page like the one of {@code go tool trace}: what it takes a
 * trace for, whether it complains, and which lanes it draws.
 */
@Tag("full")
@Tag("network")
@Timeout(900)
class ChromeTracingTest {
    private static final Duration LOADED = Duration.ofSeconds(120);

    /** Shows {@code /trace.json}; {@code model} is what the viewer made of it. */
    private static final String PAGE = """
            <html><head>
            <script src="/viewer/webcomponents.min.js"></script>
            <link rel="import" href="/viewer/trace_viewer_full.html">
            <style>html, body, #viewer { height: 100%; width: 100%; margin: 0; overflow: hidden }</style>
            <script>
            var viewer, model, failure = '';
            document.addEventListener('WebComponentsReady', async () => {
              try {
                const container = document.createElement('track-view-container');
                container.id = 'track_view_container';
                viewer = document.createElement('tr-ui-timeline-view');
                viewer.track_view_container = container;
                Polymer.dom(viewer).appendChild(container);
                viewer.id = 'viewer';
                viewer.globalMode = true;
                Polymer.dom(document.body).appendChild(viewer);
                const trace = await (await fetch('/trace.json')).text();
                const loaded = new tr.Model();
                await new tr.importer.Import(loaded, new tr.importer.ImportOptions()).importTracesWithProgressDialog([trace]);
                viewer.model = loaded;
                model = loaded;
              } catch (e) {
                failure = String(e);
              }
            });
            </script></head><body></body></html>
            """;

    /** Returns what {@code Facts} has, null as long as there is no model. */
    private static final String FACTS = """
            if (failure) {
              throw new Error(failure);
            }
            if (!model) {
              return null;
            }
            return JSON.stringify({
              warnings: model.importWarnings.map(warning => warning.message),
              process: model.getAllProcesses().map(process => process.name),
              threads: model.getAllThreads().map(thread => ({
                name: thread.name,
                slices: thread.sliceGroup.slices.filter(slice => slice.duration > 0).map(slice => slice.title),
                instants: thread.sliceGroup.slices.filter(slice => !(slice.duration > 0)).map(event => event.title)
              })),
              arrows: model.flowEvents.map(flow => flow.startSlice.title + ' -> ' + flow.endSlice.title),
              shown: document.body.innerText.split('\\n').map(line => line.replace(/^\\W+/, ''))
            });
            """;

    @TempDir
    static Path folder;

    private static byte[] trace = {};

    @SuppressWarnings("NullAway.Init")
    private static HttpServer server;

    @SuppressWarnings("NullAway.Init")
    private static ChromeDriver browser;

    @BeforeAll
    static void open() throws Exception {
        Path viewer = Chromium.prepared("chrome://tracing", folder, "prepare-trace-viewer");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        serve(
                "/viewer/webcomponents.min.js",
                "text/javascript",
                Files.readAllBytes(viewer.resolve("webcomponents.min.js")));
        serve(
                "/viewer/trace_viewer_full.html",
                "text/html",
                Files.readAllBytes(viewer.resolve("trace_viewer_full.html")));
        serve("/page", "text/html", PAGE.getBytes(StandardCharsets.UTF_8));
        server.createContext("/trace.json", exchange -> {
            exchange.sendResponseHeaders(200, trace.length);
            exchange.getResponseBody().write(trace);
            exchange.close();
        });
        server.start();
        browser = Chromium.start();
    }

    private static void serve(String path, String type, byte[] body) {
        server.createContext(path, exchange -> {
            exchange.getResponseHeaders().set("Content-Type", type);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    @AfterAll
    static void close() {
        if (browser != null) {
            browser.quit();
        }
        if (server != null) {
            server.stop(0);
        }
    }

    /** What the viewer says of a trace that it has loaded. */
    private record Facts(JsonNode all) {
        List<String> of(String field) {
            return texts(all.path(field));
        }

        /** The names of what stands in each thread, by the thread's name. */
        Map<String, List<String>> threads(String what) {
            Map<String, List<String>> threads = new TreeMap<>();
            all.path("threads")
                    .forEach(thread -> threads.put(thread.path("name").asText(), texts(thread.path(what))));
            return threads;
        }

        private static List<String> texts(JsonNode array) {
            return StreamSupport.stream(array.spliterator(), false)
                    .map(JsonNode::asText)
                    .sorted()
                    .toList();
        }
    }

    private static Facts show(byte[] opened) throws IOException {
        trace = opened;
        browser.get("http://127.0.0.1:" + server.getAddress().getPort() + "/page");
        Object facts = new WebDriverWait(browser, LOADED)
                .withMessage("the viewer has loaded no trace")
                .until(driver -> browser.executeScript(FACTS));
        return new Facts(new ObjectMapper().readTree((String) facts));
    }

    private static Facts show(RunRecord run) throws IOException {
        Path report = Files.createTempDirectory(folder, "report");
        Reports.write(report, "", run);
        HtmlReport.write(report, Optional.empty());
        return show(Files.readAllBytes(report.resolve(run.reproducer() + "/7.2.13-cloud/1/trace.json")));
    }

    @Test
    void drawsALaneForEachCpuAndAnArrowToTheHolder() throws IOException {
        String waits = "NMI waits for " + Reports.LOCK;
        String holds = "task init/113 holds " + Reports.LOCK;
        Facts facts = show(
                Reports.run("dead", 1, Verdict.DEADLOCK, Verdict.DEADLOCK, Reports.nested(Reports.LOCK, true))
                        .toBuilder()
                        .samples(List.of(new SampledSpan(0, 1000, 1800, "kernel", 8, List.of("vfs_unlink"))))
                        .build());
        assertThat(facts.of("warnings")).isEmpty();
        assertThat(facts.of("process")).containsExactly("dead on 7.2.13+deb14-cloud-amd64");
        assertThat(facts.threads("slices"))
                .isEqualTo(Map.of(
                        "ksplat",
                        List.of("run: DEADLOCK"),
                        "CPU 0",
                        List.of(waits, holds),
                        "CPU 0, sampled",
                        List.of("kernel, in vfs_unlink (8 samples)")));
        assertThat(facts.threads("instants").get("CPU 0")).containsExactly("NMI at rcu_cblist_enqueue+0x0");
        assertThat(facts.of("arrows")).containsExactly("NMI at rcu_cblist_enqueue+0x0 -> " + holds);
        assertThat(facts.of("shown")).contains("ksplat", "CPU 0", "CPU 0, sampled");
    }

    /** The opposite: no CPU of it waits. */
    @Test
    void drawsNoCpuOfARunThatIsClean() throws IOException {
        Facts facts = show(Reports.run("clean", 1, Verdict.CLEAN, Verdict.CLEAN));
        assertThat(facts.of("warnings")).isEmpty();
        assertThat(facts.threads("slices").get("ksplat")).containsExactly("run: CLEAN");
        assertThat(facts.of("arrows")).isEmpty();
    }

    /** A viewer that takes everything would prove nothing. */
    @Test
    void complainsAboutWhatIsNoTrace() {
        assertThatThrownBy(() -> show("{\"traceEvents\": [".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(JavascriptException.class);
    }
}
