// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class KcidbTest {
    /** By the schema (kcidb-io, v05_03): what may be in each object; nothing else may. */
    private static final Map<String, Set<String>> ALLOWED = Map.of(
            "checkouts", Set.of("id", "origin", "comment"),
            "builds", Set.of("id", "origin", "checkout_id", "comment", "misc"),
            "tests",
                    Set.of(
                            "id",
                            "origin",
                            "build_id",
                            "path",
                            "comment",
                            "log_excerpt",
                            "status",
                            "start_time",
                            "duration",
                            "misc"),
            "issues", Set.of("id", "origin", "version", "report_subject", "culprit", "comment", "misc"),
            "incidents", Set.of("id", "origin", "issue_id", "issue_version", "test_id", "present", "misc"));

    private static List<StoredRun> runs() {
        List<StoredRun> runs = new ArrayList<>();
        RunRecord full = Runs.whole();
        for (Verdict verdict : Verdict.values()) {
            runs.add(new StoredRun(
                    full.toBuilder()
                            .attempt(runs.size() + 1)
                            .verdict(verdict)
                            .message("a\0b\nc")
                            .build(),
                    Instant.parse("2026-11-28T20:00:00Z"),
                    Instant.parse("2026-11-28T20:01:00Z")));
        }
        return runs;
    }

    private static Set<String> ids(JsonNode json, String part) {
        Set<String> ids = new HashSet<>();
        json.path(part).forEach(each -> ids.add(each.path("id").asText()));
        assertThat(ids).as(part).hasSize(json.path(part).size()).allMatch(id -> id.matches("my_ci:[^\\x00]+"));
        return ids;
    }

    @Test
    void hasWhatTheSchemaAsksAndNothingElse() {
        JsonNode json = Kcidb.of("my_ci", runs());
        assertThat(json.path("version").toString()).isEqualTo("{\"major\":5,\"minor\":3}");
        assertThat(json.toString()).doesNotContain("\\u0000").doesNotContain(":null");
        ALLOWED.forEach((part, allowed) -> {
            assertThat(json.path(part)).as(part).isNotEmpty();
            json.path(part)
                    .forEach(each -> each.fieldNames()
                            .forEachRemaining(name -> assertThat(allowed).contains(name)));
        });
        Set<String> tests = ids(json, "tests");
        Set<String> issues = ids(json, "issues");
        json.path("builds")
                .forEach(each -> assertThat(ids(json, "checkouts"))
                        .contains(each.path("checkout_id").asText()));
        for (JsonNode test : json.path("tests")) {
            assertThat(ids(json, "builds")).contains(test.path("build_id").asText());
            assertThat(test.path("path").asText()).matches("[a-zA-Z0-9_-]+(\\.[a-zA-Z0-9_-]+)*");
            assertThat(test.path("log_excerpt").asText()).hasSizeBetween(1, 16_384);
        }
        for (JsonNode incident : json.path("incidents")) {
            assertThat(issues).contains(incident.path("issue_id").asText());
            assertThat(tests).contains(incident.path("test_id").asText());
        }
        ids(json, "incidents");
    }

    /** The kernel's verdict: the bug that a reproducer was to find is a failure all the same. */
    @Test
    void tellsOfTheKernelWhateverWasExpected() {
        JsonNode json = Kcidb.of("my_ci", runs());
        Map<Verdict, String> right = Map.of(
                Verdict.DEADLOCK, "FAIL",
                Verdict.CRASH, "FAIL",
                Verdict.CLEAN, "PASS",
                Verdict.RECOVERED, "PASS",
                Verdict.INCONCLUSIVE, "ERROR",
                Verdict.ERROR, "MISS",
                Verdict.UNSUPPORTED, "SKIP",
                Verdict.REJECTED, "SKIP");
        for (JsonNode test : json.path("tests")) {
            Verdict verdict = Verdict.valueOf(test.path("misc").path("verdict").asText());
            assertThat(test.path("status").asText()).as(verdict.name()).isEqualTo(right.get(verdict));
        }
        assertThat(json.path("tests")).hasSize(Verdict.values().length);
    }

    /** The same bug in many runs is one issue. */
    @Test
    void aSignatureIsAnIssueAndEachRunAnIncident() {
        int signatures = (int) Runs.whole().evidence().stream()
                .map(io.ksplat.evidence.Evidence::signature)
                .distinct()
                .count();
        JsonNode json = Kcidb.of("my_ci", runs());
        assertThat(signatures).isPositive();
        assertThat(json.path("issues")).hasSize(signatures);
        assertThat(json.path("incidents")).hasSize(signatures * Verdict.values().length);
        assertThat(Kcidb.of("my_ci", runs())).isEqualTo(json);
    }

    @Test
    void refusesAnOriginThatKcidbWouldRefuse() {
        assertThatThrownBy(() -> Kcidb.of("My CI", List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ktapHasAResultForEachRun() {
        List<RunRecord> records = runs().stream().map(StoredRun::run).toList();
        List<String> lines = Ktap.of(records, Optional.empty()).lines().toList();
        assertThat(lines.get(0)).isEqualTo("KTAP version 1");
        assertThat(lines.get(1)).isEqualTo("1.." + records.size());
        List<String> results =
                lines.stream().filter(line -> !line.startsWith("#")).skip(2).toList();
        assertThat(results).hasSize(records.size());
        for (int i = 0; i < results.size(); i++) {
            RunRecord run = records.get(i);
            assertThat(results.get(i))
                    .matches("(not )?ok " + (i + 1) + " [^#]+ # [^#]+")
                    .startsWith(run.asExpected() ? "ok" : "not ok")
                    .contains(run.verdict().name());
        }
    }
}
