// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The distribution's b4 0.16 asks {@code ksplat b4-check} of a series, by the code of its review program, and puts the answers into its
 * matrix. Nothing is built: how far ksplat came with the series is in what it says.
 */
@Tag("full")
class B4ReviewTest {
    private static final Path HOME = Path.of("../..").toAbsolutePath().normalize();
    /** Debian's mirror, and root file systems. */
    private static final Duration LIMIT = Duration.ofMinutes(15);

    private static final int NO_ROOT_FILE_SYSTEM = 125;

    @TempDir
    Path folder;

    @BeforeEach
    void needRoot() {
        Skips.unless(
                System.getProperty("user.name").equals("root"),
                "b4 is not tested, only root can make a root file system");
    }

    /**
     * Returns the only cell that b4 has, after it asked with the given words.
     *
     * @param where the series is on b4's review {@code branch}, or only in the {@code archive}
     */
    private JsonNode cell(String where, String... words) throws Exception {
        Path out = Files.createDirectory(folder.resolve("out"));
        Path java = Path.of(System.getProperty("java.home"));
        // Debian keeps a part of it there, by its name without the architecture.
        Path settings = Path.of("/etc", java.getFileName().toString().replaceFirst("-[a-z0-9]+$", ""));
        Files.copy(Path.of("src/test/resources/b4-review.py"), out.resolve("b4-review.py"));
        Path ksplat = Files.writeString(
                out.resolve("ksplat"),
                "#!/bin/sh\nexec " + java + "/bin/java -XX:TieredStopAtLevel=1 -cp '"
                        + System.getProperty("java.class.path") + "' io.ksplat.cli.Main \"$@\"\n");
        assertThat(ksplat.toFile().setExecutable(true)).isTrue();
        List<String> all =
                new ArrayList<>(List.of(HOME.resolve("scripts/prepare-b4").toString()));
        List<Path> seen =
                new ArrayList<>(List.of(HOME, Path.of(System.getProperty("user.home"), ".m2"), java, settings));
        seen.removeIf(path -> !Files.exists(path));
        seen.forEach(path -> all.addAll(List.of("--volume", path + ":" + path + ":ro")));
        all.addAll(List.of("--volume", out + ":/out", "--", "sh", "-c"));
        String check = "/out/ksplat b4-check " + String.join(" ", words);
        all.add("python3 /out/b4-review.py /tmp/linux '" + check + "' " + where + " >/out/answer");
        HeldProcess b4 = HeldProcess.run(folder, LIMIT, all.toArray(String[]::new));
        Skips.unless(b4.status() != NO_ROOT_FILE_SYSTEM, "b4 is not tested: " + b4.output());
        assertThat(b4.status()).as(b4.output()).isZero();
        JsonNode answer = new ObjectMapper().readTree(out.resolve("answer").toFile());
        assertThat(answer.path("labels").toString()).isEqualTo("[\"0/2\",\"1/2\",\"2/2\"]");
        assertThat(answer.path("cells")).as(answer.toString()).hasSize(1);
        JsonNode cell = answer.path("cells").get(0);
        assertThat(cell.path("row").asInt()).as("of the cover letter").isZero();
        assertThat(cell.path("tool").asText()).as(cell.toString()).isEqualTo("ksplat");
        return cell;
    }

    /** The tip has changed since: the series only applies to what b4 applied it to. */
    @Test
    void theSeriesAndItsBaseAreThoseOfTheReviewBranch() throws Exception {
        JsonNode cell = cell("branch", "nmi-task-kptr");

        assertThat(cell.path("status").asText()).isEqualTo("fail");
        assertThat(cell.path("summary").asText())
                .startsWith("ksplat failed: ")
                .contains("/tmp/linux is not a kernel tree");
        assertThat(cell.path("details").asText()).contains("Nothing is known of the series");
    }

    /** b4 gave the cover letter; the second patch is the one that does not apply. */
    @Test
    void eachPatchOfTheReviewBranchIsTried() throws Exception {
        JsonNode cell = cell("branch", "nmi-task-kptr", "--tree", ".", "--base", "main");

        assertThat(cell.path("status").asText()).isEqualTo("fail");
        assertThat(cell.path("summary").asText())
                .matches("DOES NOT APPLY: patch 2/2 'Count on' does not apply to [0-9a-f]{40}: a\\.c, hunk.*");
    }

    @Test
    void withoutABranchB4FetchesTheSeries() throws Exception {
        JsonNode cell = cell("archive", "nmi-task-kptr");

        assertThat(cell.path("summary").asText())
                .matches("DOES NOT APPLY: patch 2/2 'Count on' does not apply to [0-9a-f]{40}: a\\.c, hunk.*");
    }

    @Test
    void wordsThatAreWrongAreShown() throws Exception {
        JsonNode cell = cell("branch", "nmi-task-kptr", "--no-such-option");

        assertThat(cell.path("status").asText()).isEqualTo("fail");
        assertThat(cell.path("summary").asText()).startsWith("ksplat failed: Unknown option");
    }
}
