// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.engine.Catalogue;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
