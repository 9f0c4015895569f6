// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a run ends, its report is there and nothing else is. */
@Tag("full")
class EndingsTest {
    /** Says so while its machine runs, and never ends by itself. */
    private static final String ENDLESS = "acceptance-endless";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void aSignalEndsTheMachineAndLeavesAReport(String signal) throws Exception {
        Ksplat ksplat = Ksplat.start(folder, "run", ENDLESS);
        ksplat.awaitProgress(ENDLESS + ": running");

        kill(signal, ksplat.handle());

        ksplat.exit();
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("ERROR");
        assertThat(run.path("message").asText()).contains("interrupted");
        ksplat.assertNothingLeft();
    }

    @Test
    void kill9LeavesNothingRunningAndAReportThatSaysUnfinished() throws Exception {
        Ksplat ksplat = Ksplat.start(folder, "run", ENDLESS);
        ksplat.awaitProgress(ENDLESS + ": running");
        assertThat(ksplat.machines()).isNotEmpty();

        kill("KILL", ksplat.handle());

        ksplat.exit();
        ksplat.assertNothingLeft();
        JsonNode run = ksplat.onlyRun();
        assertThat(run.path("verdict").asText()).isEqualTo("ERROR");
        assertThat(run.path("message").asText()).contains("did not finish");
    }

    /** Two run, and two stand ready for the attempts that are to follow. */
    @ParameterizedTest
    @ValueSource(strings = {"INT", "KILL"})
    void machinesThatStandReadyEndToo(String signal) throws Exception {
        Ksplat ksplat = Ksplat.start(folder, "run", ENDLESS, "--repeat", "9", "--jobs", "2");
        ksplat.awaitProgress(ENDLESS + ": running");
        ksplat.awaitQemus(4);

        kill(signal, ksplat.handle());

        ksplat.exit();
        ksplat.assertNothingLeft();
        assertThat(ksplat.results().path("runs").findValuesAsText("verdict"))
                .hasSizeBetween(1, 2)
                .containsOnly("ERROR");
    }

    @Test
    void anInterruptionWhileATemplateIsMadeLeavesNothingOfIt() throws Exception {
        Path cache = Caches.withoutTemplates(folder);
        Ksplat ksplat = Ksplat.start(folder, Map.of("XDG_CACHE_HOME", cache.toString()), "run", ENDLESS);
        ksplat.awaitProgress("making a template");
        ksplat.awaitQemus(1);

        kill("INT", ksplat.handle());

        ksplat.exit();
        assertThat(ksplat.onlyRun().path("message").asText()).contains("interrupted");
        ksplat.assertNothingLeft();
        try (Stream<Path> left = Files.list(cache.resolve("ksplat/template"))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .allMatch(name -> name.matches("[.]lock-.*|[.]using"));
        }
    }

    @Test
    void aKilledQemuIsAnError() throws Exception {
        Ksplat ksplat = Ksplat.start(folder, "run", ENDLESS);
        ksplat.awaitProgress(ENDLESS + ": running");

        kill("KILL", ksplat.qemu());

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("ERROR");
        assertThat(ksplat.onlyRun().path("message").asText()).containsIgnoringCase("qemu");
        ksplat.assertNothingLeft();
    }

    @Test
    void aGuestThatPanicsIsACrashWithItsWords() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-panic");

        assertThat(ksplat.exit()).as(ksplat.out()).isEqualTo(0);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("CRASH");
        assertThat(ksplat.onlyRun().path("evidence").findValuesAsText("title"))
                .anyMatch(title -> title.contains("sysrq") || title.contains("NULL") || title.contains("panic"));
        assertThat(ksplat.onlyRun().path("notes").toString()).contains("seen again on a freshly booted machine");
        ksplat.assertNothingLeft();
    }

    @Test
    void aCrashThatAFreshMachineDoesNotShowIsInconclusive() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-crash-once");

        assertThat(ksplat.exit()).as(ksplat.out()).isEqualTo(0);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("INCONCLUSIVE");
        assertThat(ksplat.onlyRun().path("evidence").findValuesAsText("title"))
                .anyMatch(title -> title.contains("page fault") || title.contains("paging request"));
        assertThat(ksplat.onlyRun().path("message").asText()).contains("did not show again");
        assertThat(ksplat.report.resolve("results.json")).content().doesNotContain("\"attempt\" : 2");
        ksplat.assertNothingLeft();
    }

    @Test
    void aPreparationThatThrowsIsAnErrorAndItsMachineEnds() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-fails-before");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("ERROR");
        assertThat(ksplat.onlyRun().path("message").asText()).contains("IllegalStateException");
        ksplat.assertNothingLeft();
    }

    @Test
    void aGuestThatPowersOffIsAnError() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-poweroff");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("ERROR");
        ksplat.assertNothingLeft();
    }

    @Test
    void aRefusedProgramIsRejectedWithTheVerifiersWords() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "run", "acceptance-refused", "--expect", "REJECTED");

        assertThat(ksplat.exit()).as(ksplat.out()).isEqualTo(0);
        JsonNode evidence = ksplat.onlyRun().path("evidence").get(0);
        assertThat(evidence.path("kind").asText()).isEqualTo("verifier");
        assertThat(evidence.path("title").asText()).contains("out_of_bounds");
        assertThat(ksplat.out()).contains("verifier.log");
    }

    static void kill(String signal, ProcessHandle handle) throws Exception {
        int exit = new ProcessBuilder("kill", "-" + signal, Long.toString(handle.pid()))
                .start()
                .waitFor();
        assertThat(exit).isZero();
    }
}
