// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoakTest {
    @TempDir
    Path folder;

    private Ksplat soak(String... more) throws Exception {
        String[] all = new String[more.length + 3];
        all[0] = "soak";
        System.arraycopy(more, 0, all, 1, more.length);
        all[more.length + 1] = "--report";
        all[more.length + 2] = folder.resolve("soak").toString();
        return Ksplat.run(folder, all);
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void theSameCommandGoesOnWithTheNextRound() throws Exception {
        Ksplat first = soak("--rounds", "1", "nmi-cpumask-kptr");
        assertThat(first.exit()).as(first.out() + first.err()).isZero();
        assertThat(first.out()).contains("round 1: 1 attempts", "1 runs, contradictions: 0 of 1");

        Ksplat second = soak("--rounds", "1", "nmi-cpumask-kptr");
        assertThat(second.exit()).as(second.out() + second.err()).isZero();
        assertThat(second.out()).contains("round 2: 1 attempts", "2 runs, contradictions: 0 of 2");
        Path report = folder.resolve("soak/report");
        assertThat(new ObjectMapper()
                        .readTree(report.resolve("results.json").toFile())
                        .path("runs")
                        .findValues("attempt"))
                .extracting(Object::toString)
                .containsExactly("1", "2");
        assertThat(report.resolve("index.html")).exists();
        second.assertNothingLeft();

        Ksplat other = soak("--rounds", "1", "--seed", "2", "nmi-cpumask-kptr");
        assertThat(other.exit()).isEqualTo(2);
        assertThat(other.err()).contains("another seed").contains("--report");
    }

    /** A program that says of itself that it deadlocks, and does not. */
    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void aVerdictThatIsNotTheExpectedOneIsAContradiction() throws Exception {
        Path liar = Files.writeString(folder.resolve("liar.c"), """
                // ksplat: expect=deadlock
                int main(void)
                {
                \treturn 0;
                }
                """);

        Ksplat ksplat = soak("--rounds", "1", liar.toString());

        assertThat(ksplat.exit()).as(ksplat.out() + ksplat.err()).isEqualTo(1);
        assertThat(ksplat.out()).contains("contradictions: 1 of 1", "CLEAN, expected DEADLOCK");
    }

    @Test
    void aFolderThatHasSomethingElseIsLeftAlone() throws Exception {
        Path other = Files.createDirectories(folder.resolve("soak"));
        Files.writeString(other.resolve("results.json"), "{}");

        Ksplat ksplat = soak("nmi-cpumask-kptr");

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("is not empty and has no soak");
        assertThat(other.resolve("results.json")).hasContent("{}");
    }
}
