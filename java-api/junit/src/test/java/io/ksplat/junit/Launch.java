// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.FileEntry;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Test classes run by a launcher, as an IDE or a build runs them, with a report of their own. */
final class Launch {
    private final Path report;
    private final Map<String, TestExecutionResult> results = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, Path> files = Collections.synchronizedMap(new LinkedHashMap<>());

    private Launch(Path report) {
        this.report = report;
    }

    /** @param parameters keys and values in turn */
    static Launch of(Path folder, List<Class<?>> tests, String... parameters) {
        Launch launch = new Launch(folder.resolve("report"));
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request()
                .configurationParameter("ksplat.accelerator", "tcg")
                .configurationParameter("ksplat.report", launch.report.toString())
                .configurationParameter(
                        "junit.platform.reporting.output.dir",
                        folder.resolve("attached").toString());
        tests.forEach(test -> request.selectors(selectClass(test)));
        for (int i = 0; i < parameters.length; i += 2) {
            request.configurationParameter(parameters[i], parameters[i + 1]);
        }
        LauncherFactory.create().execute(request.build(), launch.new Listener());
        return launch;
    }

    static Launch of(Path folder, Class<?> test, String... parameters) {
        return of(folder, List.<Class<?>>of(test), parameters);
    }

    private final class Listener implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest() || result.getStatus() != TestExecutionResult.Status.SUCCESSFUL) {
                results.put(test.getUniqueId(), result);
            }
        }

        @Override
        public void fileEntryPublished(TestIdentifier test, FileEntry file) {
            files.put(file.getPath().getFileName().toString(), file.getPath());
        }
    }

    List<TestExecutionResult> results() {
        return List.copyOf(results.values());
    }

    TestExecutionResult only() {
        assertThat(results).hasSize(1);
        return results().get(0);
    }

    /** The result of a method, which ran once. */
    TestExecutionResult of(String method) {
        List<String> ids = results.keySet().stream()
                .filter(id -> id.contains("[method:" + method + "("))
                .toList();
        assertThat(ids).as("runs of " + method + " in " + results.keySet()).hasSize(1);
        return results.get(ids.get(0));
    }

    void assertAllGreen() {
        assertThat(results)
                .isNotEmpty()
                .allSatisfy(
                        (id, result) -> assertThat(result.getThrowable()).as(id).isEmpty());
    }

    /** What was attached to tests, by name. */
    Map<String, Path> files() {
        return files;
    }

    JsonNode runs() throws IOException {
        return new ObjectMapper()
                .readTree(Files.readAllBytes(report.resolve("results.json")))
                .path("runs");
    }

    JsonNode onlyRun() throws IOException {
        assertThat(runs()).hasSize(1);
        return runs().path(0);
    }

    /** The run of an id. */
    JsonNode run(String id) throws IOException {
        for (JsonNode run : runs()) {
            if (run.path("reproducer").asText().equals(id)) {
                return run;
            }
        }
        throw new AssertionError("no run of " + id + " in "
                + Arrays.toString(runs().findValuesAsText("reproducer").toArray()));
    }

    Path report() {
        return report;
    }
}
