// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.ksplat.evidence.ConsoleParser;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.EvidenceKind;
import io.ksplat.evidence.Verdict;
import io.ksplat.results.RunRecord;
import io.ksplat.results.SampledSpan;
import io.ksplat.results.internal.Runs;
import io.ksplat.results.internal.StoredRun;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files are what their JSON Schemas say, and the contract holds from one version to the next. */
class SchemaTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String RESULTS = "urn:ksplat:schema:2:results";
    private static final String RUN_FILE = RESULTS + "#/$defs/runFile";
    private static final String EVIDENCE = "urn:ksplat:schema:2:evidence";
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    Path folder;

    private static String resource(String name) {
        try (InputStream in = RunRecord.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static List<Error> errors(String schema, JsonNode document) {
        return SchemaRegistry.withDefaultDialect(
                        SpecificationVersion.DRAFT_2020_12,
                        registry -> registry.schemas(Map.of(
                                RESULTS, resource("results.schema.json"),
                                EVIDENCE, resource("evidence.schema.json"))))
                .getSchema(SchemaLocation.of(schema))
                .validate(document);
    }

    @FunctionalInterface
    private interface Writer {
        void write(OutputStream out) throws IOException;
    }

    private static JsonNode written(Writer writer) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.write(out);
        return JSON.readTree(out.toByteArray());
    }

    private static List<RunRecord> runs() {
        return List.of(
                Runs.whole(),
                Runs.run("a", 1, Verdict.DEADLOCK, Verdict.CLEAN),
                RunRecord.of("b", Runs.KERNEL, 1).build());
    }

    @Test
    void resultsAre() throws IOException {
        assertThat(errors(RESULTS, written(out -> ReportJson.writeResults(out, runs()))))
                .isEmpty();
        assertThat(errors(RESULTS, written(out -> ReportJson.writeResults(out, List.of()))))
                .isEmpty();
    }

    @Test
    void aRunIs() throws IOException {
        for (RunRecord run : runs()) {
            assertThat(errors(
                            RUN_FILE,
                            written(out -> ReportJson.writeRun(out, new StoredRun(run, Instant.EPOCH, Instant.EPOCH)))))
                    .isEmpty();
        }
    }

    @Test
    void theEvidenceOfEveryReportInTheParsersTestsIs() throws IOException {
        List<Evidence> all = new ArrayList<>(List.of(Runs.stuck()));
        try (Stream<Path> files = Files.walk(Path.of("../evidence/src/test/resources"))) {
            for (Path log : files.filter(file -> file.toString().matches(".*(golden/.*\\.log|kinds/.*\\.txt)"))
                    .toList()) {
                all.addAll(ConsoleParser.parse(Files.readAllBytes(log)));
            }
        }
        assertThat(errors(EVIDENCE, written(out -> ReportJson.writeEvidence(out, all))))
                .isEmpty();
    }

    @Test
    void theSchemasRefuseWhatTheyDoNotKnow() throws IOException {
        JsonNode results = written(out -> ReportJson.writeResults(out, runs()));
        ((ObjectNode) results.path("runs").path(0)).put("new", 1);
        assertThat(errors(RESULTS, results)).isNotEmpty();
        JsonNode evidence = written(out -> ReportJson.writeEvidence(out, List.of(Runs.stuck())));
        ((ObjectNode) evidence.path(0).path("details")).put("new", 1);
        assertThat(errors(EVIDENCE, evidence)).isNotEmpty();
    }

    @Test
    void theSchemasKnowEveryWord() throws IOException {
        JsonNode kinds = JSON.readTree(resource("evidence.schema.json")).at("/$defs/evidence/properties/kind/enum");
        assertThat(kinds)
                .extracting(JsonNode::asText)
                .containsAll(Arrays.stream(EvidenceKind.values())
                        .map(EvidenceKind::id)
                        .toList());
        assertThat(JSON.readTree(resource("results.schema.json")).at("/$defs/verdict/enum"))
                .extracting(JsonNode::asText)
                .containsExactly(
                        Arrays.stream(Verdict.values()).map(Verdict::name).toArray(String[]::new));
    }

    /** The golden file is what ksplat wrote when the schema was made. If it must change, the schema gets another number. */
    @Test
    void theGoldenFileOfSchema2StaysAsItIs() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ReportJson.writeResults(out, runs());
        Path golden = GOLDEN.resolve("results-2.json");
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(Files.readString(golden));
        assertThat(ReportJson.readResults(golden)).isEqualTo(runs());
        assertThat(errors(RESULTS, JSON.readTree(golden.toFile()))).isEmpty();
    }

    /** An optional field: a record without it is what it was before. */
    @Test
    void whatTheCpusWereSeenInIsWrittenAndReadAgain() throws IOException {
        RunRecord sampled = runs().get(0).toBuilder()
                .samples(List.of(new SampledSpan(1, 10, 30, "irqs-off", 3, List.of("spin"))))
                .build();
        Path file = folder.resolve("results.json");
        try (OutputStream out = Files.newOutputStream(file)) {
            ReportJson.writeResults(out, List.of(sampled));
        }
        assertThat(errors(RESULTS, JSON.readTree(file.toFile()))).isEmpty();
        assertThat(ReportJson.readResults(file)).containsExactly(sampled);
    }

    /** Schema 2 only adds. */
    @Test
    void everyFieldOfSchema1IsInSchema2() throws IOException {
        Path golden = GOLDEN.resolve("results-1.json");
        JsonNode written = written(out -> ReportJson.writeResults(out, ReportJson.readResults(golden)));
        assertThat(errors(RESULTS, written)).isEmpty();
        List<String> changed = new ArrayList<>();
        compare("", JSON.readTree(golden.toFile()), written, changed);
        assertThat(changed)
                .containsExactlyInAnyOrder(
                        "/schema: 1 is 2",
                        "/runs/1/accelerator: \"\" is \"none\"",
                        "/runs/3/accelerator: \"\" is \"none\"",
                        "/runs/3/origin: \"log\" is \"real\"",
                        "/runs/4/accelerator: \"\" is \"none\"");
    }

    private static void compare(String path, JsonNode before, JsonNode after, List<String> changed) {
        if (before.isObject()) {
            for (Iterator<Map.Entry<String, JsonNode>> fields = before.fields(); fields.hasNext(); ) {
                Map.Entry<String, JsonNode> field = fields.next();
                compare(path + "/" + field.getKey(), field.getValue(), after.path(field.getKey()), changed);
            }
        } else if (before.isArray() && before.size() == after.size()) {
            for (int i = 0; i < before.size(); i++) {
                compare(path + "/" + i, before.path(i), after.path(i), changed);
            }
        } else if (!before.equals(after)) {
            changed.add(path + ": " + before + " is " + after);
        }
    }
}
