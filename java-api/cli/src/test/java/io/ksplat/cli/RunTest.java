// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job, on a real kernel. */
@Tag("machine")
class RunTest {
    @TempDir
    Path folder;

    @Test
    void taskKptrDroppedInNmiIsADeadlockWithAStackForEveryCpu() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--fresh");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(0);
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("DEADLOCK");
        JsonNode evidence = run.path("evidence").get(0);
        assertThat(evidence.path("kind").asText()).isEqualTo("cpu-stuck");
        assertThat(evidence.path("source").asText()).isEqualTo("outside");
        JsonNode nmi = evidence.path("stacks").get(0);
        assertThat(nmi.path("cpu").asInt()).isZero();
        assertThat(nmi.path("context").asText()).isEqualTo("nmi");
        assertThat(nmi.path("frames").findValuesAsText("function"))
                .contains("native_queued_spin_lock_slowpath", "__call_rcu_common", "exc_nmi")
                .anyMatch(function -> function.matches("bpf_prog_[0-9a-f]{16}_on_nmi"));
        JsonNode interrupted = evidence.path("stacks").get(1);
        assertThat(interrupted.path("context").asText()).isEqualTo("task");
        assertThat(interrupted.path("frames").findValuesAsText("function")).contains("__call_rcu_common");
        assertThat(evidence.path("stacks").findValuesAsText("cpu")).contains("0", "1");
        assertThat(ksplat.out()).contains("DEADLOCK", "on_nmi", "Report: ");
        assertThat(ksplat.report.resolve("TEST-nmi-task-kptr.xml")).isNotEmptyFile();
        Path files = ksplat.report
                .resolve("nmi-task-kptr")
                .resolve(run.path("kernel").path("key").asText())
                .resolve("1");
        assertThat(files.resolve("console.log")).isNotEmptyFile();
        assertThat(Files.readString(files.resolve("evidence.json"))).contains("cpu-stuck");
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("full")
    void whoTakesALockIsNamedBehindTheTrampolineOnItsSlowPath() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "map-reentry/queue", "--kernel", "debian:6.12");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(0);
        JsonNode evidence = ksplat.onlyRun().path("evidence").get(0);
        assertThat(evidence.path("stacks").get(0).path("frames").findValuesAsText("function"))
                .anyMatch(function -> function.startsWith("bpf_trampoline_"));
        assertThat(evidence.path("function").asText()).isEqualTo("queue_stack_map_push_elem");
        assertThat(ksplat.out()).contains("it is in queue_stack_map_push_elem, which takes this lock");
    }

    @Test
    void cpumaskKptrOnTheSamePathIsClean() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-cpumask-kptr");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(0);
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(run.path("controls").findValuesAsText("passed"))
                .hasSizeGreaterThanOrEqualTo(3)
                .containsOnly("true");
        ksplat.assertNothingLeft();
    }

    @Test
    void withoutNmisTheControlsFailAndNothingIsCalledClean() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-cpumask-kptr", "--nmi", "none");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("INCONCLUSIVE");
        assertThat(run.path("controls").path("nmi").path("observed").asInt()).isZero();
        assertThat(run.path("controls").path("nmi").path("passed").asBoolean()).isFalse();
    }

    @Test
    void aSplatThatNobodyExpectedIsRed() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-task-kptr", "--expect", "CLEAN");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.onlyRun().path("expected").asText()).isEqualTo("CLEAN");
        assertThat(Files.readString(ksplat.report.resolve("TEST-nmi-task-kptr.xml")))
                .contains("<failure");
    }

    @Test
    @Tag("full")
    void severalAtATimeComeOutInTheirOrder() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "nmi-cpumask-kptr", "nmi-task-kptr", "--repeat", "3", "--jobs", "3");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(0);
        JsonNode runs = ksplat.results().path("runs");
        assertThat(runs.findValuesAsText("verdict"))
                .containsExactly("CLEAN", "CLEAN", "CLEAN", "DEADLOCK", "DEADLOCK", "DEADLOCK");
        assertThat(runs.findValuesAsText("attempt")).containsExactly("1", "2", "3", "1", "2", "3");
        assertThat(runs.get(5).path("evidence").findValuesAsText("function"))
                .as("programs of a machine that was frozen have their names")
                .anyMatch(function -> function.matches("bpf_prog_[0-9a-f]{16}_on_nmi"));
        assertThat(ksplat.out().lines().filter(line -> line.matches("(CLEAN|DEADLOCK) .* attempt .*")))
                .extracting(line -> line.replaceAll(" +on .*(attempt \\d).*", " $1"))
                .containsExactly(
                        "CLEAN  nmi-cpumask-kptr attempt 1",
                        "CLEAN  nmi-cpumask-kptr attempt 2",
                        "CLEAN  nmi-cpumask-kptr attempt 3",
                        "DEADLOCK  nmi-task-kptr attempt 1",
                        "DEADLOCK  nmi-task-kptr attempt 2",
                        "DEADLOCK  nmi-task-kptr attempt 3");
        ksplat.assertNothingLeft();
    }
}
