// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ksplat.junit.lacks.Loads;
import io.ksplat.junit.lacks.Refusals;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.TestExecutionResult.Status;

/** A kernel that lacks something has refused nothing, and a refusal is one wherever it comes. */
@Timeout(400)
@Tag("full")
class LoadingTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"debian:6.1", "debian:6.12", "debian:7.2"})
    void tellsWhatAKernelLacksFromWhatItRefuses(String kernel) {
        Launch.of(folder, Loads.class, "ksplat.kernel", kernel).assertAllGreen();
    }

    private JsonNode run(Class<?> test, Status status) throws IOException {
        Launch launch = Launch.of(folder, test);
        assertThat(launch.only().getStatus()).as(launch.only().toString()).isEqualTo(status);
        return launch.onlyRun();
    }

    @Test
    void isUnsupportedWithoutAKfunc() throws IOException {
        JsonNode run = run(Refusals.LacksKfunc.class, Status.ABORTED);
        assertThat(run.path("verdict").asText()).isEqualTo("UNSUPPORTED");
        assertThat(run.path("message").asText()).contains("has no kfunc bpf_kfunc_of_tomorrow");
    }

    @Test
    void isUnsupportedWithoutWhatItsMethodAttachesTo() throws IOException {
        JsonNode run = run(Refusals.LacksKprobe.class, Status.ABORTED);
        assertThat(run.path("verdict").asText()).isEqualTo("UNSUPPORTED");
        assertThat(run.path("message").asText())
                .contains("has no function queued_spin_lock_slowpath (near: ")
                .contains("native_queued_spin_lock_slowpath");
    }

    @Test
    void isRejectedIfItsMethodIsRefusedAProgram() throws IOException {
        JsonNode run = run(Refusals.RefusedInTheMethod.class, Status.SUCCESSFUL);
        assertThat(run.path("verdict").asText()).isEqualTo("REJECTED");
        assertThat(run.path("evidence").path(0).path("kind").asText()).isEqualTo("verifier");
        assertThat(run.path("asExpected").asBoolean()).isTrue();
    }

    @Test
    void isRedIfTheVerifierSaysSomethingElse() throws IOException {
        JsonNode run = run(Refusals.RefusedForAnotherReason.class, Status.FAILED);
        assertThat(run.path("verdict").asText()).isEqualTo("REJECTED");
        assertThat(run.path("asExpected").asBoolean()).isFalse();
        assertThat(run.path("mismatch").asText())
                .contains("was to say \"must be referenced or trusted\"")
                .contains("cannot call GPL-restricted function");
    }

    @Test
    void takesAFunctionThatOnlyKallsymsHas() throws IOException {
        JsonNode run = run(Refusals.OnlyInKallsyms.class, Status.SUCCESSFUL);
        assertThat(run.path("verdict").asText()).isEqualTo("CLEAN");
    }
}
