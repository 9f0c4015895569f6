// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.engine.Catalogue;
import io.ksplat.engine.internal.program.ProgramScenario;
import io.ksplat.engine.internal.program.ProgramSpec;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a word of a command line means. */
class ReproducersTest {
    private static final Reproducers REPRODUCERS = new Reproducers();
    private static final String OWN = """
            import io.ksplat.engine.Machine;
            import io.ksplat.junit.*;
            import java.util.stream.Stream;
            import org.junit.jupiter.api.Test;
            import org.junit.jupiter.params.ParameterizedTest;
            import org.junit.jupiter.params.provider.MethodSource;

            @Reproducer(id = "own", bpf = "own.bpf.c", shows = "", seed = "")
            class Own {
                @Test
                void plain(Machine machine) {}

                @Case("other")
                @Test
                void other(Machine machine) {}

                @ParameterizedTest(name = "{0}")
                @MethodSource("names")
                void made(String name, Machine machine) {}

                static Stream<String> names() {
                    return Stream.of("made-a", "made-b");
                }
            }
            """;

    @TempDir
    Path folder;

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private static List<String> ids(Reproducers.Choice choice) {
        return choice.entries().stream().map(Catalogue.Entry::fullId).toList();
    }

    @Test
    void anIdIsTheCatalogues() throws Exception {
        Reproducers.Choice choice = REPRODUCERS.find("nmi-task-kptr");

        assertThat(ids(choice)).containsExactly("nmi-task-kptr");
        assertThat(choice.digest()).isEmpty();
        assertThat(choice.only().fullId()).isEqualTo("nmi-task-kptr");
        assertThat(choice.only().testCase())
                .as("it has other cases, which need not run")
                .contains("");
        assertThat(REPRODUCERS.find("map-reentry/lru").only().fullId()).isEqualTo("map-reentry/lru");
    }

    @Test
    void aFamilyIsAllItsCasesAndNoneWhereOneIsNeeded() throws Exception {
        Reproducers.Choice family = REPRODUCERS.find("map-reentry");

        assertThat(ids(family)).containsExactly("map-reentry");
        assertThatThrownBy(family::only)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("map-reentry has 14 cases", "map-reentry/hash-abba", "map-reentry/lpm-trie");
    }

    @Test
    void aCaseThatIsNoneNamesThoseThatAre() {
        assertThatThrownBy(() -> REPRODUCERS.find("map-reentry/lro"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("there is no case lro of map-reentry", "map-reentry/lru,");
    }

    @Test
    void aJavaFileAndItsCasesAreReproducers() throws Exception {
        String own = file("Own.java", OWN);

        assertThat(ids(REPRODUCERS.find(own))).containsExactly("own");
        assertThat(REPRODUCERS.find(own).only().testCase()).contains("");
        assertThat(REPRODUCERS.find(own + "/other").only().fullId()).isEqualTo("own/other");
        assertThat(REPRODUCERS.find(own + "/made-b").only().fullId()).isEqualTo("own/made-b");
        assertThatThrownBy(() -> REPRODUCERS.find(own + "/made-c"))
                .hasMessageContainingAll("made-c", own + "/made-a", own + "/other");
    }

    @Test
    void whatHasOnlyNamedCasesNeedsOne() throws Exception {
        String own = file("Own.java", OWN.replace("    @Test\n    void plain(Machine machine) {}\n", ""));

        assertThatThrownBy(() -> REPRODUCERS.find(own).only())
                .hasMessageContainingAll("has 3 cases", own + "/made-a, " + own + "/made-b, " + own + "/other");
    }

    @Test
    void theMethodsOfAKernelTestAreItsCases() throws Exception {
        String tests = file("Two.java", """
                @io.ksplat.junit.KernelTest
                class Two {
                    @org.junit.jupiter.api.Test
                    void one(io.ksplat.engine.Machine machine) {}

                    @org.junit.jupiter.api.RepeatedTest(2)
                    void more(io.ksplat.engine.Machine machine) {}
                }
                """);

        assertThatThrownBy(() -> REPRODUCERS.find(tests).only())
                .hasMessageContainingAll("3 cases", tests + "/one", tests + "/more-1", tests + "/more-2");
        assertThat(REPRODUCERS.find(tests + "/more-2").only().fullId()).isEqualTo("Two/more-2");
    }

    private static final String ANNOTATED = """
            #include "vmlinux.h"
            SEC("tc") __success
            int accepted(void *ctx) { return 0; }
            SEC("tc") __failure __msg("words")
            int refused(void *ctx) { return 0; }
            """;

    @Test
    void eachAnnotatedProgramIsACase() throws Exception {
        String checks = file("checks.bpf.c", ANNOTATED);

        assertThat(ids(REPRODUCERS.find(checks))).containsExactly("checks");
        assertThat(REPRODUCERS.find(checks + "/refused").only().fullId()).isEqualTo("checks/refused");
        assertThat(REPRODUCERS.find(checks + "/made_by_a_macro").only().fullId())
                .isEqualTo("checks/made_by_a_macro");
        assertThatThrownBy(() -> REPRODUCERS.find(checks).only())
                .hasMessageContainingAll("has 2 cases", checks + "/accepted, " + checks + "/refused");
    }

    @Test
    void aProgramMayStandBehindItsFile() throws Exception {
        String checks = file("checks.bpf.c", ANNOTATED);

        assertThat(REPRODUCERS.find(List.of(checks, "refused", "accepted@unpriv", "nmi-task-kptr")))
                .flatExtracting(ReproducersTest::ids)
                .containsExactly("checks/refused", "checks/accepted@unpriv", "nmi-task-kptr");
        assertThatThrownBy(() -> REPRODUCERS.find(List.of(checks, "none"))).hasMessageContaining("no reproducer none");
        assertThatThrownBy(() -> REPRODUCERS.find(List.of("nmi-task-kptr", "refused")))
                .hasMessageContaining("no reproducer refused");
    }

    private static ProgramSpec spec(Reproducers.Choice choice) {
        return ((ProgramScenario)
                        ((Catalogue.Source.Direct) choice.entries().get(0).source()).scenario())
                .spec();
    }

    @Test
    void aProgramIsToldWhatTheCommandLineSays() throws Exception {
        String program = file("my repro.c", "// ksplat: cpus=4\nint main(void) { return 0; }\n");
        Reproducers told =
                new Reproducers(new ProgramMixin.Words(Map.of("lasts", List.of("30s")), List.of("one", "--two")));

        Reproducers.Choice choice = told.find(List.of(program)).get(0);

        assertThat(choice.only().fullId()).isEqualTo("my-repro");
        assertThat(spec(choice).kind()).isEqualTo(ProgramSpec.Kind.C);
        assertThat(spec(choice).arguments()).containsExactly("one", "--two");
        assertThat(spec(choice).lasts()).contains(Duration.ofSeconds(30));
        assertThat(spec(choice).machine().cpus()).isEqualTo(4);
        assertThat(choice.digest())
                .as("told something else, it is another one")
                .isNotEqualTo(REPRODUCERS.find(program).digest());
    }

    @Test
    void scriptsAndExecutablesArePrograms() throws Exception {
        assertThat(spec(REPRODUCERS.find(file("a", "#!/bin/sh\n"))).kind()).isEqualTo(ProgramSpec.Kind.SCRIPT);
        assertThat(spec(REPRODUCERS.find("/bin/true")).kind()).isEqualTo(ProgramSpec.Kind.EXECUTABLE);
        assertThatThrownBy(() -> REPRODUCERS.find(file("b.c", "// ksplat: cpu=4\nint main(void) { }\n")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("b.c:1", "no setting cpu");
    }

    @Test
    void whatIsSaidOfProgramsNeedsOne() throws Exception {
        String program = file("a.c", "int main(void) { return 0; }\n");
        String other = file("b.c", "int main(void) { return 0; }\n");
        Reproducers lasting = new Reproducers(new ProgramMixin.Words(Map.of("lasts", List.of("30s")), List.of()));
        Reproducers called = new Reproducers(new ProgramMixin.Words(Map.of(), List.of("x")));

        assertThatThrownBy(() -> lasting.find(List.of("nmi-task-kptr")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("--lasts: said of programs, and nmi-task-kptr is none");
        assertThat(lasting.find(List.of("nmi-task-kptr", program, other))).hasSize(3);
        assertThatThrownBy(() -> called.find(List.of(program, "nmi-task-kptr")))
                .hasMessageContaining("behind -- is for one program");
        assertThatThrownBy(() -> called.find(List.of("nmi-task-kptr"))).hasMessageContaining("is none");
        assertThat(called.find(List.of(program))).hasSize(1);
    }

    @Test
    void bpfCWithoutAnnotationsExpectsNothing() throws Exception {
        String plain = file("plain.bpf.c", "SEC(\"tc\") int a(void *ctx) { return 0; }\n");

        assertThatThrownBy(() -> REPRODUCERS.find(plain))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(plain, "without the selftests' annotations", "ksplat new");
    }

    @Test
    void casesThatJUnitCannotMakeAreAnError() throws Exception {
        String own = file("Own.java", OWN.replace("Stream.of(\"made-a\", \"made-b\")", "null"));

        assertThatThrownBy(() -> REPRODUCERS.find(own).only())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("the cases of Own cannot be told", "made")
                .message()
                .isNotEmpty();
    }

    /** Its class and its BPF C are on the class path as well, under the same names. */
    @Test
    void aChangedCopyOfTheCataloguesRunsAsItWasChanged() throws Exception {
        String original = Files.readString(Path.of("../../reproducers/kptr/NmiTaskKptr.java"));
        String copy = file("NmiTaskKptr.java", original.replaceFirst("shows = \"", "shows = \"changed: "));
        Path bpf = Files.writeString(folder.resolve("nmi_task_kptr.bpf.c"), "changed");

        Catalogue.Entry entry = REPRODUCERS.find(copy).only();

        assertThat(entry.shows()).startsWith("changed: ");
        Class<?> type = ((Catalogue.Source.TestClass) entry.source()).type();
        assertThat(type.getResource("nmi_task_kptr.bpf.c"))
                .isEqualTo(bpf.toUri().toURL());
        assertThat(type.getResource("kptr.bpf.h")).as("what is not beside it").isNotNull();
    }

    /** What it shares with its package is not public. */
    @Test
    void aCopyReachesTheRestOfItsPackage() throws Exception {
        String copy = file("Copy.java", """
                package io.ksplat.cli;

                @io.ksplat.junit.KernelTest
                class Copy {
                    @org.junit.jupiter.api.Test
                    void test() {}

                    static String words() {
                        return FileKind.PROGRAM.words();
                    }
                }
                """);
        Class<?> type = ((Catalogue.Source.TestClass)
                        REPRODUCERS.find(copy).entries().get(0).source())
                .type();
        Method words = type.getDeclaredMethod("words");
        words.setAccessible(true);

        assertThat(words.invoke(null)).isEqualTo(FileKind.PROGRAM.words());
    }

    @Test
    void twoSourcesOfOneIdWouldShareTheirFiles() throws Exception {
        String own = file("Own.java", OWN.replace("\"own\"", "\"nmi-task-kptr\""));

        assertThatThrownBy(() -> REPRODUCERS.find(List.of(own, "nmi-task-kptr")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(own + " and nmi-task-kptr", "both have the id nmi-task-kptr");
        assertThat(REPRODUCERS.find(List.of(own, own)).stream()
                        .flatMap(choice -> choice.entries().stream())
                        .distinct())
                .as("a file that is named twice is one")
                .hasSize(1);
        assertThat(REPRODUCERS.find(List.of("nmi-task-kptr", "map-reentry", "map-reentry/lru")))
                .hasSize(3);
    }

    @Test
    void whatIsNoReproducerSaysWhatItLooksLike() throws Exception {
        String text = file("notes.txt", "hello world\n");

        assertThatThrownBy(() -> REPRODUCERS.find(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(text, "looks like text (\"hello world\")", "a reproducer is")
                .message()
                .doesNotContain("\n");
        assertThatThrownBy(() -> REPRODUCERS.find(folder.toString())).hasMessageContaining("is a folder");
        assertThatThrownBy(() -> REPRODUCERS.find(folder.resolve("none.java").toString()))
                .hasMessageContainingAll("there is no file", "ksplat new");
        assertThatThrownBy(() -> REPRODUCERS.find("nmi-tsk-kptr")).hasMessageContaining("nmi-task-kptr");
        assertThatThrownBy(() -> REPRODUCERS.find("a\0b")).hasMessageContaining("is no name of a file");
    }
}
