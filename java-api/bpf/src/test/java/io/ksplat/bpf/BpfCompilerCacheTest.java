// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That a kept object is the one that clang would make now, and that it is kept. */
class BpfCompilerCacheTest {
    @TempDir
    Path directory;

    private Path folder;
    private Path compilations;
    private Cache cache;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void folders() throws Exception {
        folder = Files.createDirectories(directory.resolve("source"));
        compilations = Files.createFile(directory.resolve("compilations"));
        cache = new Cache(directory.resolve("cache"));
        environment.put("PATH", System.getenv("PATH"));
        wrapper("");
    }

    /** A clang that notes when it compiles. */
    private void wrapper(String options) throws Exception {
        String clang = BpfCompiler.find().identity().replaceFirst(" \\S+$", "");
        Path script = directory.resolve("clang");
        Files.writeString(script, """
                #!/bin/sh
                case "$*" in *-###*) ;; *" -c "*) echo compiled >> %s ;; esac
                exec %s %s "$@"
                """.formatted(compilations, clang, options));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        environment.put("KSPLAT_CLANG", script.toString());
    }

    private Path source(String text) throws IOException {
        return Files.writeString(folder.resolve("keyed.bpf.c"), text);
    }

    private Path header(Path of, String name, int value) throws IOException {
        Files.createDirectories(of);
        return Files.writeString(of.resolve(name), "#define VALUE " + value + "\n");
    }

    private byte[] object(List<Path> includeDirs) throws Exception {
        return BpfCompiler.find(environment).compile(folder.resolve("keyed.bpf.c"), includeDirs, Fixtures.LIMIT, cache);
    }

    private int compilations() throws IOException {
        return Files.readAllLines(compilations).size();
    }

    /** Twice the object of the first header, once that of the second: the compiler ran for each of them, and only then. */
    private void changes(Path header, List<Path> includeDirs) throws Exception {
        byte[] first = object(includeDirs);
        assertThat(object(includeDirs)).isEqualTo(first);
        assertThat(compilations()).as("nothing changed").isEqualTo(1);

        Files.writeString(header, "#define VALUE 2\n");

        assertThat(object(includeDirs)).isNotEqualTo(first);
        assertThat(compilations()).isEqualTo(2);
    }

    @Test
    void aHeaderThatOnlyTheEnvironmentLeadsTo() throws Exception {
        Path elsewhere = directory.resolve("elsewhere");
        environment.put("C_INCLUDE_PATH", elsewhere.toString());
        source("#include <value.h>\nint value = VALUE;\n");

        changes(header(elsewhere, "value.h", 1), List.of());
    }

    @Test
    void aHeaderThatOnlyAWrapperLeadsTo() throws Exception {
        Path elsewhere = directory.resolve("elsewhere");
        wrapper("-isystem " + elsewhere);
        source("#include <value.h>\nint value = VALUE;\n");

        changes(header(elsewhere, "value.h", 1), List.of());
    }

    @Test
    void aHeaderWhoseNameAMacroMakes() throws Exception {
        source("#define HEADER \"value.h\"\n#include HEADER\nint value = VALUE;\n");

        changes(header(folder, "value.h", 1), List.of());
    }

    @Test
    void aHeaderWithASpaceInItsPath() throws Exception {
        Path elsewhere = directory.resolve("else where $ #");
        source("#define HEADER <value.h>\n#include HEADER\nint value = VALUE;\n");

        changes(header(elsewhere, "value.h", 1), List.of(elsewhere));
    }

    @Test
    void aHeaderThatComesBeforeTheOneThatWasRead() throws Exception {
        Path first = Files.createDirectories(directory.resolve("first"));
        Path second = directory.resolve("second");
        environment.put("C_INCLUDE_PATH", first + ":" + second);
        header(second, "value.h", 1);
        source("#include <value.h>\nint value = VALUE;\n");
        byte[] before = object(List.of());

        header(first, "value.h", 2);

        assertThat(object(List.of())).isNotEqualTo(before);
    }

    /** As a crash of the host leaves files: with less in them. */
    @Test
    void whatWasCutIsCompiledAgain() throws Exception {
        source("int value = 1;\n");
        byte[] whole = object(List.of());
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory.resolve("cache"))) {
            files = all.filter(file -> Files.isRegularFile(file)
                            && !file.getFileName().toString().startsWith("."))
                    .toList();
        }
        assertThat(files).hasSize(3);
        int expected = 1;
        for (Path file : files) {
            try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
                open.truncate(open.size() / 2);
            }
            assertThat(object(List.of())).as(file.toString()).isEqualTo(whole);
            assertThat(compilations()).as(file.toString()).isEqualTo(++expected);
            assertThat(object(List.of())).isEqualTo(whole);
            assertThat(compilations()).as(file.toString()).isEqualTo(expected);
        }
    }

    @Test
    void theFilesOfAWholeTree() throws Exception {
        Path includes = Files.createDirectories(directory.resolve("include"));
        Path source = source("#include \"beside.h\"\n#include <searched.h>\nint value;\n");
        Path beside = Files.writeString(folder.resolve("beside.h"), "#include \"deep.h\"\n");
        Path deep = Files.writeString(folder.resolve("deep.h"), "extern int deep;\n");
        Path searched = Files.writeString(includes.resolve("searched.h"), "#pragma once\n#include <searched.h>\n");
        object(List.of(includes));

        int expected = 1;
        for (Path changed : List.of(source, beside, deep, searched)) {
            Files.writeString(changed, Files.readString(changed) + "/* changed */\n");
            object(List.of(includes));
            assertThat(compilations()).as(changed.toString()).isEqualTo(++expected);
        }
        object(List.of(includes));
        assertThat(compilations()).as("nothing changed").isEqualTo(expected);
    }

    @Test
    void theCompilerAndWhatItIsTold() throws Exception {
        source("#ifdef MORE\nint more = 1;\n#endif\nint value = 1;\n");
        byte[] first = object(List.of());

        wrapper("-DMORE");

        assertThat(object(List.of())).isNotEqualTo(first);
        wrapper("");
        assertThat(object(List.of())).isEqualTo(first);
        assertThat(compilations()).as("the first is still kept").isEqualTo(2);
    }

    @Test
    void aCopyInAnotherFolderIsTheSame() throws Exception {
        source("#include \"value.h\"\nint value = VALUE;\n");
        header(folder, "value.h", 1);
        byte[] first = object(List.of(folder));

        Files.move(folder, directory.resolve("moved"));
        folder = directory.resolve("moved");

        assertThat(object(List.of(folder))).isEqualTo(first);
        assertThat(compilations()).isEqualTo(1);
    }
}
