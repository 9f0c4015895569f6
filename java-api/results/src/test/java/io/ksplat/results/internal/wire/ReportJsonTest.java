// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.ResultsReader;
import io.ksplat.results.RunRecord;
import io.ksplat.results.Timings;
import io.ksplat.results.internal.Runs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The form is a contract: others read these names. */
class ReportJsonTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static JsonNode results(RunRecord... runs) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ReportJson.writeResults(out, List.of(runs));
        return JSON.readTree(out.toByteArray());
    }

    @Test
    void writesEveryFieldOfTheContract() throws IOException {
        RunRecord run = Runs.run("nmi-task-kptr", 3, Verdict.DEADLOCK, Verdict.CLEAN);
        JsonNode expected = JSON.readTree("""
                {"schema": 2, "runs": [{
                  "reproducer": "nmi-task-kptr",
                  "kernel": {"spec": "debian:7.2", "release": "7.2.13+deb14-cloud-amd64", "key": "7.2.13-cloud",
                             "config": "0123456789ab"},
                  "target": "qemu",
                  "attempt": 3,
                  "bootRetries": 1,
                  "verdict": "DEADLOCK",
                  "expected": "CLEAN",
                  "asExpected": false,
                  "evidence": [{
                    "kind": "lockdep-circular",
                    "title": "possible deadlock",
                    "signature": "lockdep-circular:&rdp->nocb_lock",
                    "type": "LOCKDEP",
                    "count": 1,
                    "locks": [{"name": "&rdp->nocb_lock", "address": "ffff88800f600000", "class": "rcu_nocb"},
                              {"name": "&p->pi_lock"}],
                    "cycle": [{"context": "task", "cpu": 0, "holds": "&rdp->nocb_lock", "waitsFor": "&p->pi_lock"},
                              {"context": "nmi", "holds": "&p->pi_lock", "waitsFor": "&rdp->nocb_lock"}],
                    "stacks": [{"cpu": 1, "context": "nmi", "frames": [
                      {"function": "native_queued_spin_lock_slowpath", "offset": 27, "inlined": false, "certain": true},
                      {"function": "call_rcu", "file": "kernel/rcu/tree.c", "line": 3150, "inlined": true, "certain": false}]}],
                    "source": "console",
                    "guestSeconds": 12.25}],
                  "controls": {"nmi": {"role": "STIMULUS", "required": 1, "observed": 1, "passed": true},
                               "freed:delayed_put_task_struct": {"role": "EFFECT", "required": 2, "observed": 1, "passed": false}},
                  "nmis": [{"source": "aimed at rcu_cblist_enqueue+0x0", "cpu": 0, "address": "ffffffff81234567",
                            "where": "rcu_cblist_enqueue+0x0", "task": {"comm": "victim", "pid": 71}, "atMs": 1900},
                           {"source": "storm of 100/s, jitter 0.5, seed 7"}],
                  "timeline": [],
                  "notes": ["NMI on CPU 0 at rcu_cblist_enqueue+0x0"],
                  "timings": {"bootMs": 1830, "firstEvidenceMs": 2100, "totalMs": 2500},
                  "accelerator": "tcg",
                  "origin": "boot"}]}
                """);
        assertThat(results(run)).isEqualTo(expected);
    }

    @Test
    void keepsTheOrderOfTheRunsAndIsAnEmptyListWithoutAny() throws IOException {
        JsonNode runs = results(
                        Runs.run("b", 1, Verdict.CLEAN, Verdict.CLEAN), Runs.run("a", 1, Verdict.CLEAN, Verdict.CLEAN))
                .path("runs");
        assertThat(runs.findValuesAsText("reproducer")).containsExactly("b", "a");
        assertThat(results().path("runs").isArray()).isTrue();
        assertThat(results().path("runs")).isEmpty();
    }

    @Test
    void givesTheTimeOfARestoreAndTheReasonOfAnError() throws IOException {
        RunRecord run = Runs.run("a", 1, Verdict.ERROR, Verdict.CLEAN).toBuilder()
                .message("QEMU ended: \"killed\"\nat once")
                .build();
        RunRecord restored = run.toBuilder()
                .timings(new Timings(OptionalLong.empty(), OptionalLong.of(51), OptionalLong.empty(), 80))
                .accelerator("kvm")
                .origin("template")
                .build();
        JsonNode node = results(restored).path("runs").path(0);
        assertThat(node.path("timings")).isEqualTo(JSON.readTree("{\"restoreMs\": 51, \"totalMs\": 80}"));
        assertThat(node.path("message").asText()).isEqualTo("QEMU ended: \"killed\"\nat once");
        assertThat(node.path("origin").asText()).isEqualTo("template");
        assertThat(node.path("accelerator").asText()).isEqualTo("kvm");
        assertThat(node.path("evidence").isArray()).isTrue();
        assertThat(node.path("controls").isObject()).isTrue();
    }

    @Test
    void aControlHasItsUpperBound(@TempDir Path folder) throws IOException {
        Control bounded = new Control(Control.Role.EFFECT, "longest", 0, 7, OptionalLong.of(5));
        RunRecord run = Runs.run("a", 1, Verdict.INCONCLUSIVE, Verdict.CLEAN).toBuilder()
                .controls(List.of(bounded, Control.effect("ran", 1, 1)))
                .build();

        JsonNode written = results(run);

        JsonNode controls = written.path("runs").path(0).path("controls");
        assertThat(controls.path("longest")).isEqualTo(JSON.readTree("""
                        {"role": "EFFECT", "required": 0, "observed": 7, "most": 5, "passed": false}"""));
        assertThat(controls.path("ran").has("most")).isFalse();
        Path file = folder.resolve("results.json");
        Files.writeString(file, written.toString());
        assertThat(ResultsReader.read(file).get(0).controls()).contains(bounded);
    }

    @Test
    void survivesWhateverAKernelMayPrint() throws IOException {
        String hostile = "\u0000\u0007\"\\<&]]>\u2028\ud83d\ude00 \ud800 \uffff \u001b[31m";
        RunRecord run = Runs.run("a", 1, Verdict.CRASH, Verdict.CLEAN).toBuilder()
                .message(hostile)
                .build();
        String read = results(run).path("runs").path(0).path("message").asText();
        assertThat(read).startsWith("\u0000\u0007\"\\<&]]>\u2028\ud83d\ude00 ").endsWith("\uffff \u001b[31m");
    }

    @Test
    void writesTheEvidenceAloneAsAnArray() throws IOException {
        JsonNode array = evidence(List.of(Runs.deadlock("one"), Runs.deadlock("two")));
        assertThat(array.findValuesAsText("title")).containsExactly("one", "two");
        assertThat(array.path(0).path("kind").asText()).isEqualTo("lockdep-circular");
        assertThat(evidence(List.of()).isArray()).isTrue();
    }

    private static JsonNode evidence(List<Evidence> evidence) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ReportJson.writeEvidence(out, evidence);
        return JSON.readTree(out.toByteArray());
    }

    @Test
    void writesWhatIsInALogInOneLine() throws IOException {
        String line = ReportJson.evidenceLine("a \"b\"", List.of(Runs.deadlock("one")));
        assertThat(line).doesNotContain("\n");
        assertThat(JSON.readTree(line).path("file").asText()).isEqualTo("a \"b\"");
        assertThat(JSON.readTree(line).path("evidence")).isEqualTo(evidence(List.of(Runs.deadlock("one"))));
    }

    @Test
    void addsNothingToARunThatHasNothing() throws IOException {
        JsonNode run =
                results(RunRecord.of("a", Runs.KERNEL, 1).build()).path("runs").path(0);
        assertThat(run.fieldNames()).toIterable().doesNotContain("mismatch", "because", "message", "program", "tool");
        assertThat(run.path("accelerator").asText()).isEqualTo("none");
    }
}
