// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/own-reproducers.md works as it is written. */
@Tag("machine")
@Tag("full")
class OwnProgramTest {
    private static final Path PAGE = Path.of("../../docs/own-reproducers.md");
    private static final String RUN = "run TwoReaders.java";

    @TempDir
    Path folder;

    private static String only(String pattern, String page) {
        Matcher found =
                Pattern.compile(pattern, Pattern.MULTILINE | Pattern.DOTALL).matcher(page);
        assertThat(found.find()).as(pattern).isTrue();
        String text = found.group(1);
        assertThat(found.find()).as("another " + pattern).isFalse();
        return text;
    }

    @Test
    void tellsTheLateProgramFromTheOther() throws Exception {
        String page = Files.readString(PAGE);
        Files.writeString(folder.resolve("two_readers.c"), only("^```c\n(.*?)^```$", page));
        Files.writeString(folder.resolve("TwoReaders.java"), only("^```java\n(.*?)^```$", page));
        build(only("^    (gcc [^\n]*)$", page));

        assertThat(page).contains("    ./ksplat " + RUN + "\n");
        Ksplat ksplat = Ksplat.run(folder, RUN.split(" "));

        assertThat(ksplat.exit()).as("%s\n%s", ksplat.out(), ksplat.err()).isEqualTo(1);
        assertThat(ksplat.out())
                .containsPattern("(?m)^CLEAN  TwoReaders/inTime on ")
                .containsPattern("(?m)^INCONCLUSIVE  TwoReaders/late on .*\\(expected CLEAN\\)")
                .contains("task-blocked: ", "handle_userfault", "exit:two_readers 1/1")
                .endsWith("Not as expected; see: ksplat help reading-a-report\n");
        ksplat.assertNothingLeft();
    }

    private void build(String command) throws IOException, InterruptedException {
        Process gcc = new ProcessBuilder(List.of(command.split(" ")))
                .directory(folder.toFile())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(10, TimeUnit.MINUTES)).as("gcc ended").isTrue();
        assertThat(gcc.exitValue()).isZero();
    }
}
