// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;

/**
 * What a unit's folder says of itself, beside its report.
 *
 * @param digest the plan's
 * @param begun how often it was begun, this time included
 * @param at when it was begun
 * @param ms how long it took
 */
record UnitFile(String digest, String unit, String shard, int begun, Instant at, long ms) {
    static final String NAME = "unit.json";

    void write(Path folder) throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("digest", digest).put("unit", unit).put("shard", shard).put("begun", begun);
        json.put("at", at.toString()).put("ms", ms);
        Files.writeString(folder.resolve(NAME), json.toPrettyString() + "\n");
    }

    static UnitFile read(Path folder) throws IOException {
        Path file = folder.resolve(NAME);
        try {
            JsonNode json = new ObjectMapper().readTree(file.toFile());
            return new UnitFile(
                    json.path("digest").asText(),
                    json.path("unit").asText(),
                    json.path("shard").asText(),
                    json.path("begun").asInt(),
                    Instant.parse(json.path("at").asText()),
                    json.path("ms").asLong());
        } catch (JsonProcessingException | DateTimeParseException e) {
            throw new IOException(file + " is damaged: remove its folder, and run the unit again", e);
        }
    }
}
