// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/writing-a-reproducer.md works as it is written. */
@Tag("full")
class WritingAReproducerTest {
    private static final Path PAGE = Path.of("../../docs/writing-a-reproducer.md");
    private static final Pattern BLOCK = Pattern.compile("^```(\\w+)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern COMMAND = Pattern.compile("^    \\./ksplat (.*)$", Pattern.MULTILINE);

    @TempDir
    Path folder;

    private String page;
    private Path source;

    @BeforeEach
    void writeThePair() throws IOException {
        page = Files.readString(PAGE);
        String java = onlyBlock("java");
        source = folder.resolve(first("^class (\\w+)", java) + ".java");
        Files.writeString(source, java);
        Files.writeString(folder.resolve(first("bpf = \"([^\"]+)\"", java)), onlyBlock("c"));
    }

    private String onlyBlock(String language) {
        List<MatchResult> blocks = BLOCK.matcher(page)
                .results()
                .filter(block -> block.group(1).equals(language))
                .toList();
        assertThat(blocks).as("blocks of %s", language).hasSize(1);
        return blocks.get(0).group(2);
    }

    private static String first(String pattern, String text) {
        return Pattern.compile(pattern, Pattern.MULTILINE)
                .matcher(text)
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
    }

    private List<String> commands() {
        return COMMAND.matcher(page).results().map(command -> command.group(1)).toList();
    }

    private String command(String words) {
        assertThat(commands()).contains(words);
        return words;
    }

    @Test
    void itsClassCompiles() throws IOException {
        assertThat(JavaSourceCatalogue.compile(source).entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.id()).isEqualTo("last-reference"));
    }

    @Test
    void itBeginsWithThePairThatNewWrites() throws Exception {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        Ksplat ksplat = Ksplat.run(empty, command("new last-reference").split(" "));
        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(empty.resolve("LastReference.java")).exists();
        assertThat(empty.resolve("last_reference.bpf.c")).exists();
    }

    /** What is not run here, kernels to download and a tree to build, is at least understood. */
    @Test
    void everyCommandIsUnderstood() throws Exception {
        assertThat(commands()).hasSizeGreaterThanOrEqualTo(6);
        for (String words : commands()) {
            Ksplat help = Ksplat.run(folder, (words + " --help").split(" "));
            assertThat(help.err()).as(words).doesNotContain("Unknown option").doesNotContain("Unmatched argument");
            for (String word : words.split(" ")) {
                if (word.startsWith("--")) {
                    assertThat(help.out()).as(words).contains(word);
                }
            }
        }
    }

    @Test
    @Tag("machine")
    void showsTheDeadlockAndItsOpposite() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, command("run LastReference.java").split(" "));
        assertThat(ksplat.exit()).as("%s\n%s", ksplat.out(), ksplat.err()).isZero();
        assertThat(ksplat.out())
                .contains("DEADLOCK  last-reference ")
                .contains("CLEAN  ")
                .contains("last-reference/in-task");
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("machine")
    void isInconclusiveWithoutNmis() throws Exception {
        Ksplat ksplat =
                Ksplat.run(folder, command("run LastReference.java --nmi none").split(" "));
        assertThat(ksplat.exit()).as("%s\n%s", ksplat.out(), ksplat.err()).isEqualTo(1);
        assertThat(ksplat.out()).contains("INCONCLUSIVE  last-reference ").contains("dropped");
    }

    @Test
    @Tag("machine")
    void repeats() throws Exception {
        Ksplat ksplat =
                Ksplat.run(folder, command("run LastReference.java --repeat 3").split(" "));
        assertThat(ksplat.exit()).as("%s\n%s", ksplat.out(), ksplat.err()).isZero();
        assertThat(ksplat.out()).contains("attempt 3");
    }
}
