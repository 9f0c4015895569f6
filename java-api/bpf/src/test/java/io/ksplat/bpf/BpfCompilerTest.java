// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpfCompilerTest {
    private static BpfCompiler compiler;

    @TempDir
    Path directory;

    @BeforeAll
    static void find() throws Exception {
        compiler = BpfCompiler.find();
    }

    @Test
    void theSameSourceGivesTheSameObjectWhereverItLies() throws Exception {
        Path copy = Files.createDirectories(directory.resolve("elsewhere"));
        for (String name : List.of("sample.bpf.c", "sample.h", "vmlinux.h")) {
            Files.copy(Fixtures.file(name), copy.resolve(name));
        }

        byte[] here = compiler.compile(Fixtures.file("sample.bpf.c"), List.of(), Fixtures.LIMIT);
        byte[] there = compiler.compile(copy.resolve("sample.bpf.c"), List.of(), Fixtures.LIMIT);

        assertThat(there).isEqualTo(here);
    }

    @Test
    void theFirstErrorIsTheMessage() {
        assertThatExceptionOfType(BpfCompileException.class)
                .isThrownBy(() -> compiler.compile(Fixtures.file("broken.bpf.c"), List.of(), Fixtures.LIMIT))
                .withMessageMatching(".*broken\\.bpf\\.c:6: use of undeclared identifier 'no_such_thing'")
                .satisfies(e -> assertThat(e.output()).contains("return no_such_thing;"));
    }

    @Test
    void aWarningIsAnError() throws Exception {
        Path source = source("warns.bpf.c", "int f(void) { int unused; return 0; }\n");

        assertThatExceptionOfType(BpfCompileException.class)
                .isThrownBy(() -> compiler.compile(source, List.of(), Fixtures.LIMIT))
                .withMessageContaining("warns.bpf.c:1: unused variable 'unused'");
    }

    @Test
    void aCompilerThatDoesNotEndIsKilled() throws Exception {
        Path pid = directory.resolve("pid");
        BpfCompiler slow =
                BpfCompiler.find(Map.of("KSPLAT_CLANG", fakeClang("19.1.7", "echo $$ >" + pid + "; exec sleep 1000")));
        Path source = source("any.bpf.c", "");

        assertThatExceptionOfType(BpfCompileException.class)
                .isThrownBy(() -> slow.compile(source, List.of(), Duration.ofMillis(200)))
                .withMessageContaining("killed")
                .withMessageContaining("200 ms");
        // On a busy machine it may be killed before it has said who it is.
        if (Files.exists(pid) && !Files.readString(pid).isBlank()) {
            // Its parent has still to reap it.
            Optional<ProcessHandle> left =
                    ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()));
            if (left.isPresent()) {
                left.get().onExit().get(1, TimeUnit.MINUTES);
            }
        }
    }

    @Test
    void aCompilerThatWaitsForACpuIsNotKilled() throws Exception {
        String script = "sleep 2; for last; do [ \"$before\" = -MF ] && rule=$last; before=$last; done; "
                + "echo object >$last; echo object: >$rule";
        BpfCompiler waits = BpfCompiler.find(Map.of("KSPLAT_CLANG", fakeClang("19.1.7", script)));

        byte[] object = waits.compile(source("any.bpf.c", ""), List.of(), Duration.ofSeconds(1));

        assertThat(object).asString().isEqualTo("object\n");
    }

    @Test
    void aCompilerThatComputesForEverIsKilled() throws Exception {
        BpfCompiler busy = BpfCompiler.find(Map.of("KSPLAT_CLANG", fakeClang("19.1.7", "while :; do :; done")));
        Path source = source("any.bpf.c", "");

        assertThatExceptionOfType(BpfCompileException.class)
                .isThrownBy(() -> busy.compile(source, List.of(), Duration.ofSeconds(1)))
                .withMessageContaining("1000 ms of CPU time");
    }

    @Test
    void anOldClangIsRefused() throws Exception {
        String old = fakeClang("14.0.6", "exit 1");

        assertThatIOException()
                .isThrownBy(() -> BpfCompiler.find(Map.of("KSPLAT_CLANG", old)))
                .withMessageContaining("version 14.0.6")
                .withMessageContaining("clang-19");
    }

    @Test
    void theNewestClangOnThePathIsTaken() throws Exception {
        Files.move(Path.of(fakeClang("17.0.1", "exit 1")), directory.resolve("clang-17"));
        Files.move(Path.of(fakeClang("21.0.1", "exit 1")), directory.resolve("clang-21"));

        assertThat(BpfCompiler.find(Map.of("PATH", directory.toString())).identity())
                .isEqualTo(directory.resolve("clang-21") + " 21.0.1");
    }

    @Test
    void noClangAtAllNamesThePackage() {
        assertThatIOException()
                .isThrownBy(() -> BpfCompiler.find(Map.of("PATH", directory.toString())))
                .withMessageContaining("install the package clang-19");
        assertThatIOException()
                .isThrownBy(() -> BpfCompiler.find(Map.of("KSPLAT_CLANG", "/no/such/clang")))
                .withMessageContaining("KSPLAT_CLANG names /no/such/clang");
    }

    private Path source(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private String fakeClang(String version, String otherwise) throws IOException {
        Path script = Files.createTempFile(
                directory,
                "clang",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return Files.writeString(script, """
                #!/bin/sh
                [ "$1" = --version ] && { echo "Debian clang version %s (x)"; exit 0; }
                %s
                """.formatted(version, otherwise)).toString();
    }
}
