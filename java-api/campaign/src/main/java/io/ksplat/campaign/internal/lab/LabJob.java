// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;

/**
 * A job that a lab has taken, as its folder tells it.
 *
 * @param begun how often it was begun, and neither ended nor was stopped in good order
 */
record LabJob(Path folder, State state, URI definition, Optional<String> parent, int begun) {
    private static final String FILE = "job.json";
    private static final String SUBMISSION = "submission.json";

    /** How far it is. */
    enum State {
        /** It is to be run. */
        TAKEN,
        /** Its results are in the folder, and KCIDB has not confirmed them. */
        RUN,
        /** KCIDB has them. */
        POSTED,
        /** KCIDB refused them. */
        REFUSED
    }

    static LabJob read(Path folder) throws IOException {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(folder.resolve(FILE).toFile());
        } catch (JsonProcessingException e) {
            throw new IOException(folder.resolve(FILE) + " is damaged: remove the folder, and the job is forgotten", e);
        }
        return new LabJob(
                folder,
                State.valueOf(json.path("state").asText("taken").toUpperCase(Locale.ROOT)),
                URI.create(json.path("definition").asText()),
                Optional.of(json.path("parent").asText("")).filter(text -> !text.isEmpty()),
                json.path("begun").asInt());
    }

    /** Returns whether a folder has one. */
    static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(FILE));
    }

    String node() {
        return folder.getFileName().toString();
    }

    LabJob with(State next) {
        return new LabJob(folder, next, definition, parent, begun);
    }

    LabJob begun(int times) {
        return new LabJob(folder, state, definition, parent, times);
    }

    /** Writes it, whole or not at all. */
    LabJob write() throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("state", state.name().toLowerCase(Locale.ROOT)).put("definition", definition.toString());
        parent.ifPresent(id -> json.put("parent", id));
        json.put("begun", begun);
        replace(folder.resolve(FILE), json.toPrettyString() + "\n");
        return this;
    }

    static void replace(Path file, String text) throws IOException {
        Path partial = file.resolveSibling("." + file.getFileName() + ".part");
        Files.writeString(partial, text, StandardCharsets.UTF_8);
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Keeps what is posted: if nobody knows whether KCIDB has it, the same bytes are posted again, and are the same rows there. */
    void keep(ObjectNode submission) throws IOException {
        replace(folder.resolve(SUBMISSION), submission.toPrettyString() + "\n");
    }

    byte[] submission() throws IOException {
        return Files.readAllBytes(folder.resolve(SUBMISSION));
    }

    Path report() {
        return folder.resolve("report");
    }

    Path kernels() {
        return folder.resolve("kernel");
    }
}
