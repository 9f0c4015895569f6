// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the evidence in each {@code golden/X.log} with {@code golden/X.json} and its facts with {@code golden/facts.txt}, which were reviewed by eye.
 * {@code -Dksplat.golden.write=true} rewrites them in the source folder for another review.
 */
class GoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    static List<Path> logs() {
        return Logs.golden();
    }

    @ParameterizedTest
    @MethodSource("logs")
    void aLogGivesTheEvidenceThatWasReviewed(Path log) throws IOException {
        ObjectNode found = JSON.createObjectNode();
        ConsoleParser.parse(Logs.bytes(log))
                .forEach(evidence -> found.withArray("evidence").add(AsJson.of(evidence)));
        String name = log.getFileName().toString().replace(".log", ".json");
        if (Boolean.getBoolean("ksplat.golden.write")) {
            Files.writeString(Path.of("src/test/resources/golden", name), JSON.writeValueAsString(found) + "\n");
            return;
        }
        Path expected = log.resolveSibling(name);
        assertThat(expected)
                .as("missing: write it with -Dksplat.golden.write=true and review it")
                .exists();
        assertThat(JSON.writeValueAsString(found)).isEqualTo(JSON.writeValueAsString(JSON.readTree(expected.toFile())));
    }

    @Test
    void aLogGivesTheFactsThatWereReviewed() throws IOException {
        StringBuilder found = new StringBuilder("# SPDX-License-Identifier: Apache-2.0\n");
        for (Path log : Logs.golden()) {
            found.append('\n').append(log.getFileName()).append('\n');
            ConsoleParser.parse(Logs.bytes(log))
                    .forEach(evidence -> found.append("  ").append(FactsText.of(evidence)));
        }
        if (Boolean.getBoolean("ksplat.golden.write")) {
            Files.writeString(Path.of("src/test/resources/golden/facts.txt"), found);
            return;
        }
        Path expected = Logs.golden().get(0).resolveSibling("facts.txt");
        assertThat(found.toString()).isEqualTo(Files.readString(expected));
    }

    static List<Path> silent() {
        return Logs.silent();
    }

    @ParameterizedTest
    @MethodSource("silent")
    void aHealthyConsoleGivesNone(Path log) {
        assertThat(Logs.titles(ConsoleParser.parse(Logs.bytes(log)))).isEmpty();
    }
}
