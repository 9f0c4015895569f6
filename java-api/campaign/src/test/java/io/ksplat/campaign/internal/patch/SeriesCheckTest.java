// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.kernel.internal.build.DoesNotApplyException;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The words that b4 knows, and that only a cure passes. */
class SeriesCheckTest {
    private static final URI PAGE = URI.create("file:///a/index.html");

    private static SeriesCheck of(PatchVerdict verdict) {
        return SeriesCheck.of(new PatchResult(verdict, 0.01, List.of(), "a \"why\"\nand more"), "Zwölf\n\"x\"\n", PAGE);
    }

    private static JsonNode only(SeriesCheck check) throws IOException {
        JsonNode all = new ObjectMapper().readTree(check.json());
        assertThat(all.isArray()).isTrue();
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    @ParameterizedTest
    @CsvSource({"CURES, pass", "DOES_NOT_CURE, fail", "BREAKS, fail", "NO_BUG_ON_BASE, warn", "CANNOT_TELL, warn"})
    void aVerdictIsAStatus(PatchVerdict verdict, String status) throws IOException {
        JsonNode answer = only(of(verdict));

        assertThat(answer.path("tool").asText()).isEqualTo("ksplat");
        assertThat(answer.path("status").asText()).isEqualTo(status);
        assertThat(answer.path("summary").asText()).isEqualTo(verdict + ": a \"why\"");
        assertThat(answer.path("url").asText()).isEqualTo(PAGE.toString());
        assertThat(answer.path("details").asText()).isEqualTo("Zwölf\n\"x\"\n");
    }

    @ParameterizedTest
    @EnumSource(PatchVerdict.class)
    void theAnswerIsOneLineOfAscii(PatchVerdict verdict) {
        assertThat(of(verdict).json()).isASCII().doesNotContain("\n");
    }

    @Test
    void aFailureOfKsplatIsToldAsOne() throws IOException {
        SeriesCheck failed = SeriesCheck.of(new IOException("no space left"), "no space left; see: x");

        assertThat(failed.isOfKsplat()).isTrue();
        assertThat(only(failed).path("status").asText()).isEqualTo("fail");
        assertThat(only(failed).path("summary").asText()).startsWith("ksplat failed: no space left");
        assertThat(only(failed).has("url")).isFalse();
    }

    @Test
    void aSeriesThatDoesNotApplyIsNoFailureOfKsplat() throws IOException {
        SeriesCheck check = SeriesCheck.of(new DoesNotApplyException("patch 1/1 'x' does not apply"), "in words");

        assertThat(check.isOfKsplat()).isFalse();
        assertThat(only(check).path("status").asText()).isEqualTo("fail");
        assertThat(only(check).path("summary").asText()).isEqualTo("DOES NOT APPLY: patch 1/1 'x' does not apply");
    }
}
