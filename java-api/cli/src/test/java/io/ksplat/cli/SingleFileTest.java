// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reproducer in a file of its own, with no project around it. */
class SingleFileTest {
    @TempDir
    Path folder;

    private void begin() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "new", "my-repro");
        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.out()).isEqualTo("""
                Wrote MyRepro.java and my_repro.bpf.c. To run them: ksplat run MyRepro.java
                """);
    }

    private void change(String file, String from, String to) throws Exception {
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(from);
        Files.writeString(folder.resolve(file), text.replace(from, to));
    }

    @Test
    @Tag("machine")
    void aNewPairRunsAsItIs() throws Exception {
        begin();
        Ksplat ksplat = Ksplat.run(folder, "run", "MyRepro.java");
        assertThat(ksplat.exit()).as(ksplat.err()).isZero();
        assertThat(ksplat.onlyRun().path("reproducer").asText()).isEqualTo("my-repro");
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("CLEAN");
        assertThat(ksplat.onlyRun()
                        .path("controls")
                        .path("handled")
                        .path("observed")
                        .asInt())
                .isPositive();
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("machine")
    @Tag("full")
    void itsBpfIsTheFileBesideIt() throws Exception {
        begin();
        change("my_repro.bpf.c", "	__sync_fetch_and_add(&handled, 1);\n", "");
        Ksplat ksplat = Ksplat.run(folder, "run", "MyRepro.java");
        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.onlyRun().path("verdict").asText()).isEqualTo("INCONCLUSIVE");
        assertThat(ksplat.onlyRun().path("message").asText()).contains("control handled saw 0 of 1");
    }

    @Test
    @Tag("machine")
    @Tag("full")
    void runsKernelTestsInAPackageToo() throws Exception {
        Path source = Files.createDirectories(folder.resolve("sub")).resolve("Deep.java");
        Files.writeString(source, """
                package org.example;
                import io.ksplat.engine.Machine;
                import io.ksplat.junit.*;
                import org.junit.jupiter.api.Test;
                @KernelTest class Deep {
                    @Test void fails(Machine machine) { throw new AssertionError(machine.cpus() + " CPUs"); }
                }
                """);
        Ksplat ksplat = Ksplat.run(folder, "run", source.toString());
        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(1);
        assertThat(ksplat.onlyRun().path("reproducer").asText()).isEqualTo("org.example.Deep/fails");
        assertThat(ksplat.onlyRun().path("message").asText()).contains("2 CPUs");
    }

    @Test
    void tellsWhereItDoesNotCompile() throws Exception {
        begin();
        change("MyRepro.java", "machine.churn(0);", "machine.churm(0);");
        Ksplat ksplat = Ksplat.run(folder, "run", "MyRepro.java");
        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).isEqualTo("""
                        ksplat: MyRepro.java does not compile:
                          line 25: cannot find symbol; symbol:   method churm(int); location: variable machine of type io.ksplat.engine.Machine
                        see: ksplat help writing-a-reproducer
                        """);
        assertThat(ksplat.report).doesNotExist();
    }

    @Test
    void refusesAFileThatIsNotThereOrHasNothingToRun() throws Exception {
        assertThat(Ksplat.run(folder, "run", "My.java").err()).contains("there is no file My.java");
        Files.writeString(folder.resolve("Idle.java"), "class Idle {}");
        Ksplat ksplat = Ksplat.run(folder, "run", "Idle.java");
        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err())
                .isEqualTo(
                        "ksplat: Idle.java has no class with @Reproducer or @KernelTest; see: ksplat help writing-a-reproducer\n");
    }

    @Test
    void neverWritesOverAFile() throws Exception {
        Files.writeString(folder.resolve("my_repro.bpf.c"), "precious");
        Ksplat ksplat = Ksplat.run(folder, "new", "my-repro");
        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("my_repro.bpf.c is there already");
        assertThat(folder.resolve("my_repro.bpf.c")).hasContent("precious");
        assertThat(folder.resolve("MyRepro.java")).doesNotExist();
    }

    @Test
    void refusesAnIdThatIsNone() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "new", "../My");
        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("\"../My\" is no id");
    }
}
