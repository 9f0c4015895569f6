// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ksplat.engine.SelftestFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat list DIR}, and what {@code ksplat new} puts into a folder. */
class FolderListTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int ksplat(String... words) {
        out.getBuffer().setLength(0);
        var line = Main.commandLine(false, words);
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        return line.execute(words);
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }

    @Test
    void showsWhatEachFileHas() throws Exception {
        assertThat(ksplat("new", "my-repro", "--dir", folder.toString())).isZero();
        assertThat(ksplat("new", "--selftest", "my-check", "--dir", folder.toString()))
                .isZero();
        assertThat(out.toString()).contains("To run it: ksplat run " + folder.resolve("my_check.bpf.c"));
        write("Broken.java", "import io.ksplat.junit.*;\n@KernelTest class Broken {");
        write("Helper.java", "import java.util.List;\nclass Helper {}\n");
        write("notes.txt", "hello");
        assertThat(ksplat("new", "--program", "my-program", "--dir", folder.toString()))
                .isZero();

        assertThat(ksplat("list", folder.toString())).isZero();

        assertThat(out.toString())
                .contains(folder.resolve("MyRepro.java") + "  a Java class\n  my-repro\n")
                .contains(folder.resolve("my_check.bpf.c")
                        + "  BPF C\n  my_check/my_check\n  my_check/my_check_refused\n")
                .contains(folder.resolve("my_program.c") + "  a C program\n  my_program\n")
                .contains(folder.resolve("Broken.java") + "  a Java class\n  " + folder.resolve("Broken.java")
                        + " does not compile:\n")
                .as("my_repro.bpf.c is a part of the class")
                .endsWith("4 reproducers, 3 other files\n");

        assertThat(ksplat("list", folder.toString(), "--json")).isZero();
        JsonNode all = new ObjectMapper().readTree(out.toString());
        assertThat(all).hasSize(4);
        assertThat(all.get(0).path("error").asText()).contains("does not compile");
        assertThat(all.get(2).path("kind").asText()).isEqualTo("bpf");
        assertThat(all.get(2).path("cases").get(1).asText()).isEqualTo("my_check/my_check_refused");
    }

    @Test
    void whatIsNoFolderIsAUsageError() throws Exception {
        write("file", "x");

        assertThat(ksplat("list", folder.resolve("file").toString())).isEqualTo(2);
        assertThat(ksplat("list", folder.resolve("none").toString())).isEqualTo(2);
        assertThat(err.toString())
                .contains("file is no folder", "there is no folder")
                .hasLineCount(2);
    }

    @Test
    void theCatalogueIsListedAsBefore() throws Exception {
        assertThat(ksplat("list")).isZero();
        assertThat(out.toString()).contains("nmi-task-kptr ", "map-reentry ");
    }

    @Test
    void nothingIsOverwritten() throws Exception {
        write("my_check.bpf.c", "mine");

        assertThat(ksplat("new", "--selftest", "my-check", "--dir", folder.toString()))
                .isEqualTo(2);
        assertThat(Files.readString(folder.resolve("my_check.bpf.c"))).isEqualTo("mine");
        assertThat(err.toString()).contains("is there already");
    }

    @Test
    void whatNewWritesHasBothAnswers() throws Exception {
        assertThat(ksplat("new", "--selftest", "my-check", "--dir", folder.toString()))
                .isZero();
        Path file = folder.resolve("my_check.bpf.c");

        assertThat(new SelftestFile(file).names()).containsExactly("my_check", "my_check_refused");
        assertThat(Files.readString(file)).contains("__success", "__failure").doesNotContain("@STEM@");
        List<String> left = new ArrayList<>(Arrays.asList(folder.toFile().list()));
        assertThat(left).containsExactly("my_check.bpf.c");
    }
}
