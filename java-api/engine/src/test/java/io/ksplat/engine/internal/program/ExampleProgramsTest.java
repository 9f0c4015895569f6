// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The programs of examples/programs: each ends as its own comment line says, and has an opposite that ends otherwise. */
@Tag("machine")
@Tag("full")
class ExampleProgramsTest {
    private static final Path FOLDER = Path.of("../../examples/programs");
    private static final int PROGRAMS = 24;
    private static Session session;

    @TempDir
    static Path report;

    @BeforeAll
    static void open() {
        session = Session.open(SessionOptions.standard(Progress.NONE));
    }

    @AfterAll
    static void close() {
        session.close();
    }

    static List<Path> programs() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().matches(".*\\.(c|sh)"))
                    .sorted()
                    .toList();
        }
    }

    private static ProgramScenario scenario(Path file) throws IOException {
        ProgramSpec.Kind kind = file.toString().endsWith(".c") ? ProgramSpec.Kind.C : ProgramSpec.Kind.SCRIPT;
        return new ProgramScenario(
                String.valueOf(file.getFileName()), ProgramSpec.read(file, kind, List.of(), Map.of()));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void endsAsItsCommentSays(Path file) throws Exception {
        ProgramScenario scenario = scenario(file);
        RunRecord run = session.run(RunSettings.of(RunSettings.DEFAULT_KERNEL).reportedIn(report), scenario)
                .execute()
                .record();
        assertThat(run.verdict())
                .as("%s: %s %s", file, run.message(), run.controls())
                .isEqualTo(scenario.spec().expect().orElse(Verdict.CLEAN));
    }

    @Test
    void halfOfThemAreTheOpposites() throws IOException {
        int clean = 0;
        for (Path file : programs()) {
            clean += scenario(file).spec().expect().isEmpty() ? 1 : 0;
        }
        assertThat(programs()).hasSize(PROGRAMS);
        assertThat(clean).isEqualTo(PROGRAMS / 2);
    }
}
