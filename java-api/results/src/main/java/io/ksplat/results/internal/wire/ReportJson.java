// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.evidence.Evidence;
import io.ksplat.results.RunRecord;
import io.ksplat.results.internal.PlanPart;
import io.ksplat.results.internal.StoredRun;
import java.io.CharConversionException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The JSON files of a report. Written and read piece by piece: a report of thousands of runs fits in no tree. */
public final class ReportJson {
    /** What is written; 1 is read, too. */
    public static final int SCHEMA = 2;

    private static final int OLDEST = 1;

    /** A string is as long as its file allows. */
    private static final ObjectMapper MAPPER = new ObjectMapper(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build());

    private static final Value<RunRecord> RUN = Values.object(RunForm.RUN);
    private static final Value<Evidence> EVIDENCE = Values.object(EvidenceForm.EVIDENCE);

    private ReportJson() {}

    /** Writes {@code results.json}. */
    public static void writeResults(OutputStream out, Iterable<RunRecord> runs) throws IOException {
        writeResults(out, runs, Optional.empty());
    }

    /** Writes {@code results.json} of a part of a plan. */
    public static void writeResults(OutputStream out, Iterable<RunRecord> runs, PlanPart part) throws IOException {
        writeResults(out, runs, Optional.of(part));
    }

    private static void writeResults(OutputStream out, Iterable<RunRecord> runs, Optional<PlanPart> part)
            throws IOException {
        write(out, json -> {
            json.writeStartObject();
            json.writeNumberField("schema", SCHEMA);
            json.writeArrayFieldStart("runs");
            for (RunRecord run : runs) {
                RUN.write(run, json);
            }
            json.writeEndArray();
            if (part.isPresent()) {
                json.writeObjectFieldStart("plan");
                json.writeStringField("digest", part.get().digest());
                json.writeStringField("shard", part.get().shard());
                json.writeArrayFieldStart("units");
                for (String unit : part.get().units()) {
                    json.writeString(unit);
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndObject();
        });
    }

    /** Writes {@code run.json}. */
    public static void writeRun(OutputStream out, StoredRun run) throws IOException {
        write(out, json -> Values.object(RunForm.FILE).write(run, json));
    }

    /** Writes {@code evidence.json}. */
    public static void writeEvidence(OutputStream out, List<Evidence> evidence) throws IOException {
        write(out, json -> Values.list(EVIDENCE).write(evidence, json));
    }

    /** Returns a line of {@code parse --json}: a log's name and what was found in it. */
    public static String evidenceLine(String file, List<Evidence> evidence) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = MAPPER.createGenerator((Writer) line)) {
            json.writeStartObject();
            json.writeFieldName("file");
            Values.TEXT.write(file, json);
            json.writeFieldName("evidence");
            Values.list(EVIDENCE).write(evidence, json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return line.toString();
    }

    /** Writes one document. */
    @FunctionalInterface
    private interface Document {
        void write(JsonGenerator json) throws IOException;
    }

    private static void write(OutputStream out, Document document) throws IOException {
        JsonGenerator json = MAPPER.createGenerator(out)
                .setPrettyPrinter(new DefaultPrettyPrinter())
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
        try (json) {
            document.write(json);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        out.write('\n');
    }

    /**
     * Reads {@code results.json}.
     *
     * @throws IOException in one line, if it is damaged or of a schema that this ksplat does not know
     */
    public static List<RunRecord> readResults(Path file) throws IOException {
        return reading(file, () -> {
            checkSchema(file, schema(file));
            try (JsonParser json = MAPPER.createParser(file.toFile())) {
                json.nextToken();
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    boolean isRuns = json.currentName().equals("runs");
                    json.nextToken();
                    if (isRuns) {
                        return runs(json);
                    }
                    json.skipChildren();
                }
            }
            throw Place.top("runs").damaged("is missing");
        });
    }

    private static List<RunRecord> runs(JsonParser json) throws IOException {
        Place place = Place.top("runs");
        if (json.currentToken() != JsonToken.START_ARRAY) {
            throw place.damaged("is no list");
        }
        List<RunRecord> runs = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            JsonNode run = MAPPER.readTree(json);
            runs.add(RUN.read(run, place.element(runs.size())));
        }
        return runs;
    }

    /**
     * Reads {@code run.json}.
     *
     * @throws IOException in one line, if it is damaged or of a schema that this ksplat does not know
     */
    public static StoredRun readRun(Path file) throws IOException {
        return reading(file, () -> {
            checkSchema(file, schema(file));
            return Values.object(RunForm.FILE).read(MAPPER.readTree(file.toFile()), Place.top(""));
        });
    }

    /** The whole file is looked through: what ends too early is damaged, and the schema may stand behind the runs. */
    private static long schema(Path file) throws IOException {
        long schema = -1;
        try (JsonParser json = MAPPER.createParser(file.toFile())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new DamagedException("it is no JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean isSchema = json.currentName().equals("schema");
                if (json.nextToken() == JsonToken.VALUE_NUMBER_INT && isSchema) {
                    schema = json.getLongValue();
                }
                json.skipChildren();
            }
            if (json.nextToken() != null) {
                throw new DamagedException("something stands behind its end");
            }
        }
        return schema;
    }

    private static void checkSchema(Path file, long schema) throws IOException {
        if (schema < 0) {
            throw new IOException(file + " is no file of a report: it has no schema");
        }
        if (schema < OLDEST || schema > SCHEMA) {
            throw new IOException(file + " has schema " + schema + "; this ksplat reads 1 and 2: use a newer ksplat");
        }
    }

    /** Reads a file. */
    @FunctionalInterface
    private interface Reading<T> {
        T read() throws IOException;
    }

    private static <T> T reading(Path file, Reading<T> reading) throws IOException {
        try {
            return reading.read();
        } catch (DamagedException e) {
            throw new IOException(file + " is damaged: " + e.what(), e);
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is damaged: it is no JSON from line " + line(e) + " on", e);
        } catch (CharConversionException e) {
            throw new IOException(file + " is damaged: it is no text", e);
        } catch (FileNotFoundException e) {
            throw new IOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static int line(JsonProcessingException e) {
        return e.getLocation() == null ? 1 : e.getLocation().getLineNr();
    }
}
