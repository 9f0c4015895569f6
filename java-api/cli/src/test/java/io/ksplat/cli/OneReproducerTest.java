// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the commands that take a reproducer say to one that is none, or to several. Nothing is built or booted for it. */
class OneReproducerTest {
    private static final String BISECT = "bisect --good a --bad b";
    private static final String STEP = "bisect-step --signature x";
    private static final String SWEEP = "sweep --from __call_rcu_common --points 1";
    private static final String PATCH = "patch --tree /nowhere";

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    private int ksplat(String command, String... more) {
        List<String> words = new ArrayList<>(List.of(command.split(" ")));
        words.addAll(List.of(more));
        boolean step = command.startsWith("bisect-step");
        var line = Main.commandLine(step, words.toArray(String[]::new));
        line.setErr(new PrintWriter(err, true));
        return line.execute(words.toArray(String[]::new));
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {BISECT, STEP, SWEEP})
    void aFamilyIsAUsageErrorThatListsItsCases(String command) {
        for (String[] words : new String[][] {{"map-reentry"}, {"--reproducer", "map-reentry"}}) {
            err.getBuffer().setLength(0);

            assertThat(ksplat(command, words)).isEqualTo(command.equals(STEP) ? 128 : 2);
            assertThat(err.toString())
                    .contains("map-reentry has 14 cases", "map-reentry/hash-abba", "map-reentry/task-storage")
                    .hasLineCount(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {BISECT, STEP, SWEEP, PATCH, "bench workload", "run"})
    void whatIsNoReproducerIsAUsageError(String command) throws Exception {
        String text = file("notes.txt", "hello world\n");
        String[] words = command.equals(PATCH) ? new String[] {text, "a.mbox"} : new String[] {text};

        assertThat(ksplat(command, words)).isEqualTo(command.equals(STEP) ? 128 : 2);
        assertThat(err.toString())
                .contains(text, "looks like text (\"hello world\")")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {BISECT, STEP, SWEEP, PATCH, "bench workload", "run"})
    void aJavaFileThatDoesNotCompileIsToldByItsCompiler(String command) throws Exception {
        String java = file("Own.java", "class Own {");
        String[] words = command.equals(PATCH) ? new String[] {java, "a.mbox"} : new String[] {java};

        assertThat(ksplat(command, words)).isEqualTo(command.equals(STEP) ? 128 : 2);
        assertThat(err.toString()).contains(java + " does not compile:", "line 1: reached end of file");
    }

    @ParameterizedTest
    @ValueSource(strings = {BISECT, STEP, SWEEP})
    void oneIsNeededAndNotTwo(String command) {
        assertThat(ksplat(command)).isEqualTo(command.equals(STEP) ? 128 : 2);
        assertThat(err.toString()).contains("name a reproducer");
        err.getBuffer().setLength(0);

        assertThat(ksplat(command, "nmi-task-kptr", "--reproducer", "nmi-task-kptr"))
                .isEqualTo(command.equals(STEP) ? 128 : 2);
        assertThat(err.toString()).contains("two reproducers");
    }

    /** It is no second reproducer, no mail and no option of ksplat. */
    @ParameterizedTest
    @ValueSource(strings = {BISECT, STEP, SWEEP, PATCH, "bench workload", "run"})
    void whatStandsBehindTwoDashesIsForAProgram(String command) throws Exception {
        String[] words = command.equals(PATCH)
                ? new String[] {"nmi-task-kptr", "a.mbox", "--", "--json", "x"}
                : new String[] {"nmi-task-kptr", "--", "--json", "x"};

        assertThat(ksplat(command, words)).isEqualTo(command.equals(STEP) ? 128 : 2);
        assertThat(err.toString()).contains("what stands behind --: said of programs, and nmi-task-kptr is none");
    }

    /** The first argument is the reproducer where no option is, and a mail where one is. */
    @Test
    void ofPatchTheOptionDecidesWhatTheFirstArgumentIs() throws Exception {
        String mail = file("hello.mbox", "From a\nSubject: hello\n\nworld\n");

        assertThat(ksplat(PATCH, "nmi-task-kptr", mail)).isEqualTo(3);
        assertThat(err.toString()).contains("no patch in " + mail);
        err.getBuffer().setLength(0);
        assertThat(ksplat(PATCH, "--reproducer", "nmi-task-kptr", mail)).isEqualTo(3);
        assertThat(err.toString()).contains("no patch in " + mail);
        err.getBuffer().setLength(0);
        assertThat(ksplat(PATCH, "nmi-task-kptr")).isEqualTo(2);
        assertThat(err.toString()).contains("a reproducer and one series are needed");
    }

    /** They get as far as what comes after the reproducer. */
    @Test
    void aFileOutsideTheCheckoutIsTaken() throws Exception {
        String java = file("NmiTaskKptr.java", Files.readString(Path.of("../../reproducers/kptr/NmiTaskKptr.java")));

        assertThat(ksplat("bisect --tree /nowhere --good a --bad b", java)).isEqualTo(3);
        assertThat(err.toString()).contains("no kernel tree at /nowhere");
        err.getBuffer().setLength(0);
        assertThat(ksplat(STEP + " --tree /nowhere", java)).isEqualTo(128);
        assertThat(err.toString()).contains("/nowhere");
        err.getBuffer().setLength(0);
        assertThat(ksplat(PATCH, java, file("hello.mbox", "From a\n\nworld\n"))).isEqualTo(3);
        assertThat(err.toString()).contains("no patch in");
        err.getBuffer().setLength(0);
        assertThat(ksplat("bench workload", java)).isEqualTo(2);
        assertThat(err.toString()).contains("nmi-task-kptr has no metric");
    }
}
