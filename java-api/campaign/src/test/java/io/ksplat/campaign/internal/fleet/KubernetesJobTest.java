// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubernetesJobTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int OLDEST_MINOR = 29;

    @TempDir
    Path folder;

    private static KubernetesJob job(Optional<String> kvm) {
        return new KubernetesJob("ksplat-abc", "registry.example/ksplat:1", "work", 12, 8, 2, kvm);
    }

    @Test
    void resultsAreNotTriedAgainAndFailuresAre() throws IOException {
        JsonNode spec = MAPPER.readTree(
                        job(Optional.of("devices.kubevirt.io/kvm")).array())
                .path("spec");
        assertThat(spec.path("completions").asInt()).isEqualTo(12);
        assertThat(spec.path("completionMode").asText()).isEqualTo("Indexed");
        assertThat(spec.path("backoffLimitPerIndex").asInt()).isEqualTo(2);
        JsonNode rule = spec.path("podFailurePolicy").path("rules").path(0);
        assertThat(rule.path("action").asText()).isEqualTo("FailIndex");
        assertThat(rule.path("onExitCodes").path("values").toString()).isEqualTo("[1,2]");
        JsonNode container =
                spec.path("template").path("spec").path("containers").path(0);
        assertThat(container.path("env").path(0).toString()).isEqualTo("{\"name\":\"KSPLAT_SHARDS\",\"value\":\"12\"}");
        assertThat(container
                        .path("resources")
                        .path("limits")
                        .path("devices.kubevirt.io/kvm")
                        .asText())
                .isEqualTo("1");
    }

    @Test
    void refusesWhatKubernetesWould() {
        assertThatThrownBy(() -> new KubernetesJob("Ksplat", "i", "work", 1, 1, 1, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new KubernetesJob("ksplat", "i", "../work", 1, 1, 1, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** kubectl drops what the API's types do not have: all that was written must be there when it has read it. */
    @Test
    void kubectlKnowsEachField() throws Exception {
        Optional<Integer> minor = minor();
        assumeTrue(minor.orElse(0) >= OLDEST_MINOR, "no kubectl of 1." + OLDEST_MINOR + " or later is installed");
        for (String written : List.of(
                job(Optional.empty()).array(),
                job(Optional.of("devices.kubevirt.io/kvm")).array(),
                job(Optional.empty()).merge())) {
            List<String> lost = new ArrayList<>();
            compare("", MAPPER.readTree(written), read(written), lost);
            assertThat(lost).isEmpty();
        }
        // The opposite: a field that there is not.
        String wrong = job(Optional.empty()).array().replace("backoffLimitPerIndex", "backoffLimitPerIndexes");
        List<String> lost = new ArrayList<>();
        compare("", MAPPER.readTree(wrong), read(wrong), lost);
        assertThat(lost).containsExactly("/spec/backoffLimitPerIndexes");
    }

    private static void compare(String place, JsonNode written, JsonNode read, List<String> lost) {
        if (read.isMissingNode()) {
            lost.add(place);
        } else if (written.isObject()) {
            written.fieldNames()
                    .forEachRemaining(name -> compare(place + "/" + name, written.path(name), read.path(name), lost));
        } else if (written.isArray()) {
            for (int i = 0; i < written.size(); i++) {
                compare(place + "/" + i, written.path(i), read.path(i), lost);
            }
        } else if (!written.equals(read)) {
            lost.add(place);
        }
    }

    /** Local: no server is asked. */
    private JsonNode read(String manifest) throws Exception {
        Path file = Files.writeString(folder.resolve("job.json"), manifest);
        return MAPPER.readTree(
                run("kubectl", "set", "env", "--local", "-f", file.toString(), "-o", "json", "KSPLAT_TEST=1"));
    }

    private static Optional<Integer> minor() throws Exception {
        try {
            String version = MAPPER.readTree(run("kubectl", "version", "--client", "-o", "json"))
                    .path("clientVersion")
                    .path("minor")
                    .asText();
            return Optional.of(Integer.parseInt(version.replaceAll("\\D.*", "")));
        } catch (IOException notInstalled) {
            return Optional.empty();
        }
    }

    private static String run(String... words) throws Exception {
        Process process = new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        byte[] out = process.getInputStream().readAllBytes();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", words)).isZero();
        return new String(out, java.nio.charset.StandardCharsets.UTF_8);
    }
}
