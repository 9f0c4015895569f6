// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Reproducers run by a launcher, as an IDE or a build runs them. */
@Timeout(120)
class ReproducerExtensionTest {
    private static final AtomicInteger METHODS = new AtomicInteger();

    @TempDir
    Path report;

    private final List<TestExecutionResult> results = new ArrayList<>();
    private final Map<String, String> entries = new HashMap<>();

    @BeforeEach
    void reset() {
        METHODS.set(0);
    }

    private TestExecutionResult run(Class<?> reproducer, String kernel, String... parameters) {
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(reproducer))
                .configurationParameter("ksplat.kernel", kernel)
                .configurationParameter("ksplat.accelerator", "tcg")
                .configurationParameter("ksplat.report", report.toString());
        for (int i = 0; i < parameters.length; i += 2) {
            request.configurationParameter(parameters[i], parameters[i + 1]);
        }
        LauncherFactory.create().execute(request.build(), new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest()) {
                    results.add(result);
                }
            }

            @Override
            public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
                entries.putAll(entry.getKeyValuePairs());
            }
        });
        assertThat(results).hasSize(1);
        return results.get(0);
    }

    private static Throwable thrown(TestExecutionResult result) {
        return result.getThrowable().orElseThrow();
    }

    private JsonNode onlyRun() throws IOException {
        JsonNode runs = new ObjectMapper()
                .readTree(Files.readAllBytes(report.resolve("results.json")))
                .path("runs");
        assertThat(runs).hasSize(1);
        return runs.path(0);
    }

    @Reproducer(id = "counts", bpf = "counter.bpf.c", shows = "nothing", seed = "none")
    @Expect(verdict = Verdict.CLEAN)
    static final class Counts {
        @Test
        void counts(Machine machine, BpfObject bpf) throws IOException {
            METHODS.incrementAndGet();
            bpf.program("count").run();
            machine.controls().atLeast("ran", bpf.global("runs"), 1);
        }
    }

    @Reproducer(id = "breaks", bpf = "counter.bpf.c", shows = "nothing", seed = "none")
    @Expect(verdict = Verdict.CLEAN)
    static final class Breaks {
        @Test
        void breaks(Machine machine, BpfObject bpf) throws IOException {
            machine.controls().atLeast("ran", bpf.global("runs"), 1);
            bpf.program("count").run();
            throw new IllegalStateException("the reproducer's own fault");
        }
    }

    @Reproducer(id = "lacks", bpf = "counter.bpf.c", shows = "nothing", seed = "none")
    @Needs(kfuncs = "bpf_kfunc_that_no_kernel_has")
    static final class Lacks {
        @Test
        void lacks(Machine machine) {
            METHODS.incrementAndGet();
        }
    }

    @Reproducer(id = "hangs", bpf = "counter.bpf.c", shows = "a task that sleeps for ever", seed = "none")
    @Expect(verdict = Verdict.INCONCLUSIVE)
    static final class Hangs {
        @Test
        void hangs(Machine machine) throws Exception {
            Path program = Files.createTempDirectory("ksplat").resolve("hold_lock");
            Process gcc = new ProcessBuilder(
                            "gcc",
                            "-static",
                            "-o",
                            program.toString(),
                            "../machine/src/test/resources/guest/hold_lock.c")
                    .inheritIO()
                    .start();
            assertThat(gcc.waitFor()).isZero();
            machine.writeFile("/proc/sys/kernel/hung_task_timeout_secs", "1");
            machine.spawn(0, program, "mutex", "/held");
            Files.delete(program);
            Files.delete(program.getParent());
            machine.await(
                    "the kernel reports a hung task",
                    () -> new String(machine.readFile("/dev/kmsg"), StandardCharsets.UTF_8)
                            .contains("INFO: task waiter:"));
        }
    }

    @Reproducer(id = "nowhere", bpf = "nowhere.bpf.c", shows = "nothing", seed = "none")
    @Expect(verdict = Verdict.CLEAN)
    static final class Nowhere {
        @Test
        void nowhere(Machine machine) {
            METHODS.incrementAndGet();
        }
    }

    @Reproducer(id = "bad-range", bpf = "counter.bpf.c", shows = "nothing", seed = "none")
    @Expect(verdict = Verdict.CLEAN, kernels = "6.3 and later")
    static final class BadRange {
        @Test
        void badRange(Machine machine) {
            METHODS.incrementAndGet();
        }
    }

    @Reproducer(id = "sets-late", bpf = "counter.bpf.c", shows = "nothing", seed = "none")
    @Expect(verdict = Verdict.CLEAN)
    static final class SetsLate {
        @BeforeSnapshot
        void load(Machine machine) throws IOException {
            machine.load("counter.bpf.c", opened -> opened.set("runs", 1));
        }

        @Test
        void setsLate(Machine machine) throws IOException {
            machine.load("counter.bpf.c", opened -> opened.set("runs", 2));
        }
    }

    @Test
    @Tag("machine")
    void setsNothingInWhatWasLoadedBeforeTheFreeze() {
        assertThat(thrown(run(SetsLate.class, "debian:7.2")))
                .isInstanceOf(HarnessError.class)
                .hasMessageContaining("counter.bpf.c was loaded by a @BeforeSnapshot method");
    }

    @Test
    void refusesASpecThatIsNone() {
        TestExecutionResult result = run(Counts.class, "nonsense");
        assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.FAILED);
        assertThat(thrown(result))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kernel spec 'nonsense' is none of");
        assertThat(METHODS).hasValue(0);
        assertThat(report).isEmptyDirectory();
    }

    @Test
    void refusesAParameterThatMakesNoSense() {
        assertThat(thrown(run(Counts.class, "debian:7.2", "ksplat.expect", "perhaps")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ksplat.expect is one of");
    }

    @Test
    void reportsAKernelThatIsNotThereAsAnErrorOfTheHarness() throws IOException {
        TestExecutionResult result = run(Counts.class, "file:/nowhere/bzImage");
        assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.FAILED);
        assertThat(thrown(result)).isInstanceOf(HarnessError.class).hasMessageContaining("/nowhere/bzImage");
        assertThat(thrown(result).getMessage()).doesNotContain("\n");
        assertThat(METHODS).hasValue(0);
        assertThat(entries).containsEntry("ksplat.verdict", "ERROR").containsEntry("ksplat.expected", "CLEAN");
        JsonNode run = onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("ERROR");
        assertThat(run.path("reproducer").asText()).isEqualTo("counts");
        assertThat(run.path("kernel").path("spec").asText())
                .as("a report names no folder of this machine")
                .isEqualTo("file:.../bzImage");
        assertThat(run.path("message").asText())
                .isEqualTo(thrown(result).getMessage().replace("/nowhere/", ".../"));
        assertThat(report.resolve("TEST-counts.xml")).content().contains("errors=\"1\"");
    }

    @Test
    void saysThatAReportCannotBeWritten() throws IOException {
        Path file = Files.createFile(report.resolve("file"));
        assertThat(thrown(run(Counts.class, "file:/nowhere/bzImage", "ksplat.report", file.toString())))
                .hasMessageStartingWith("the report folder " + file + " cannot be written");
    }

    @Test
    @Tag("machine")
    void isGreenWhereTheKernelDoesWhatIsExpected() throws IOException {
        TestExecutionResult result = run(Counts.class, "debian:7.2");
        assertThat(result.getThrowable()).isEmpty();
        assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.SUCCESSFUL);
        assertThat(METHODS).hasValue(1);
        assertThat(entries).containsEntry("ksplat.verdict", "CLEAN");
        JsonNode run = onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(run.path("controls").path("ran").path("observed").asInt()).isEqualTo(1);
        assertThat(run.path("kernel").path("release").asText()).startsWith("7.2");
    }

    @Test
    @Tag("machine")
    void tellsWhatAHungTaskSleepsFor() throws IOException {
        assertThat(run(Hangs.class, "debian:7.2").getThrowable()).isEmpty();
        List<JsonNode> evidence = new ArrayList<>();
        onlyRun().path("evidence").forEach(evidence::add);
        assertThat(evidence)
                .extracting(
                        found -> found.path("kind").asText(),
                        found -> found.path("source").asText())
                .contains(tuple("hung-task", "console"), tuple("task-blocked", "outside"));
        JsonNode outside = evidence.stream()
                .filter(found -> found.path("kind").asText().equals("task-blocked"))
                .findFirst()
                .orElseThrow();
        assertThat(outside.path("title").asText())
                .matches("waiter/\\d+ sleeps for mutex 0x\\w+ in \\w*fdget_pos and waits for holder/\\d+ in \\w+");
        assertThat(outside.path("locks").path(0).path("name").asText()).startsWith("mutex 0x");
        assertThat(outside.path("stacks")).hasSize(2);
    }

    @Test
    @Tag("machine")
    void isRedWhereTheKernelDoesSomethingElse() {
        TestExecutionResult result = run(Counts.class, "debian:7.2", "ksplat.expect", "deadlock");
        assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.FAILED);
        assertThat(thrown(result))
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("expected DEADLOCK, but the verdict is CLEAN");
    }

    @Test
    @Tag("machine")
    void neverTakesAMethodThatThrewForClean() throws IOException {
        TestExecutionResult result = run(Breaks.class, "debian:7.2");
        assertThat(thrown(result)).isInstanceOf(HarnessError.class).hasMessageContaining("the reproducer's own fault");
        assertThat(thrown(result).getSuppressed()).hasSize(1);
        assertThat(onlyRun().path("verdict").asText()).isEqualTo("ERROR");
    }

    @Test
    @Tag("machine")
    void skipsAKernelThatLacksWhatIsNeededAndSaysWhat() throws IOException {
        TestExecutionResult result = run(Lacks.class, "debian:7.2");
        assertThat(result.getStatus()).isEqualTo(TestExecutionResult.Status.ABORTED);
        assertThat(thrown(result)).hasMessageContaining("has no kfunc bpf_kfunc_that_no_kernel_has");
        assertThat(METHODS).hasValue(0);
        assertThat(onlyRun().path("verdict").asText()).isEqualTo("UNSUPPORTED");
    }

    @Test
    @Tag("machine")
    void isRedWhereSomethingIsExpectedOfAKernelThatLacksWhatIsNeeded() {
        assertThat(thrown(run(Lacks.class, "debian:7.2", "ksplat.expect", "deadlock")))
                .isInstanceOf(UnexpectedVerdictError.class)
                .hasMessageContaining("expected DEADLOCK, but the verdict is UNSUPPORTED");
    }

    @Test
    @Tag("machine")
    void saysWhichSourceIsNotThere() throws IOException {
        assertThat(thrown(run(Nowhere.class, "debian:7.2")))
                .isInstanceOf(HarnessError.class)
                .hasMessageContaining("there is no nowhere.bpf.c beside " + Nowhere.class.getName());
        assertThat(onlyRun().path("verdict").asText()).isEqualTo("ERROR");
    }

    @Test
    @Tag("machine")
    void reportsARangeThatIsNoneAsAnError() throws IOException {
        assertThat(thrown(run(BadRange.class, "debian:7.2")))
                .isInstanceOf(HarnessError.class)
                .hasMessageContaining("\"6.3 and later\" is no range of kernels");
        assertThat(onlyRun().path("verdict").asText()).isEqualTo("ERROR");
    }
}
