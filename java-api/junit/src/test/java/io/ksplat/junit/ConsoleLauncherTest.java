// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.ksplat.bpf.BpfObject;
import io.ksplat.engine.Machine;
import io.ksplat.evidence.Verdict;
import io.ksplat.junit.KernelTest.MachinePer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JUnit's console launcher as a process of its own, on the JUnit that ksplat is built on and on its successor. */
@Tag("full")
@Timeout(240)
class ConsoleLauncherTest {
    @TempDir
    Path folder;

    @KernelTest(bpf = "counter.bpf.c", machine = MachinePer.CLASS)
    @Kernels("debian:7.2")
    static final class Counting {
        @Test
        @Order(1)
        void counts(Machine machine, BpfObject bpf) throws IOException {
            bpf.program("count").run();
            assertThat(bpf.global("runs").get()).isEqualTo(1);
        }

        @Test
        @EnabledOnKernel("[99,)")
        void skipped(Machine machine) {
            fail("this kernel is too old");
        }
    }

    @Reproducer(id = "refused", bpf = "refused.bpf.c", shows = "a program that is refused", seed = "none")
    @Expect(verdict = Verdict.REJECTED)
    static final class Refused {
        @Test
        void refused(Machine machine) {
            fail("there is no program to run");
        }
    }

    @KernelTest
    static final class Wrong {
        @Test
        void fails(Machine machine) {
            assertThat(machine.cpus()).isEqualTo(77);
        }
    }

    /** What a user's class path would hold: all of this one's but JUnit, which the launcher has inside. */
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.matches(".*/(junit-|opentest4j|apiguardian|surefire|maven-)[^/]*\\.jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private String launch(String junit, int exit, Class<?>... tests) throws IOException, InterruptedException {
        Path out = folder.resolve("out");
        Stream<String> words = Stream.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                Path.of("target", "launchers", junit).toAbsolutePath().toString(),
                "execute",
                "--class-path=" + classPath(),
                "--disable-banner",
                "--disable-ansi-colors",
                "--details=verbose",
                "--config=ksplat.accelerator=tcg",
                "--config=ksplat.report=" + folder.resolve("report"),
                "--config=junit.platform.reporting.open.xml.enabled=true",
                "--reports-dir=" + folder.resolve("junit"));
        Process process = new ProcessBuilder(Stream.concat(
                                words, Arrays.stream(tests).map(test -> "--select-class=" + test.getName()))
                        .toList())
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        if (!process.waitFor(200, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the launcher did not end: " + Files.readString(out));
        }
        String said = Files.readString(out);
        assertThat(process.exitValue()).as(said).isEqualTo(exit);
        return said;
    }

    @ParameterizedTest
    @ValueSource(strings = {"junit-5.jar", "junit-6.jar"})
    void runsTestsOnKernels(String junit) throws Exception {
        String said = launch(junit, 0, Counting.class, Refused.class);
        assertThat(said)
                .contains("2 tests successful", "1 tests aborted", "0 tests failed")
                .containsPattern("UNSUPPORTED as expected: 7\\.2\\S+ is not in \\[99,\\)");
        assertThat(Files.readString(folder.resolve("report/results.json")))
                .contains("CLEAN", "REJECTED", "UNSUPPORTED");
    }

    @ParameterizedTest
    @ValueSource(strings = {"junit-5.jar", "junit-6.jar"})
    void isRedAndAttachesWhatThereIs(String junit) throws Exception {
        String said = launch(junit, 1, Wrong.class);
        assertThat(said).contains("1 tests failed").contains("77");
        List<Path> attached;
        try (Stream<Path> files = Files.walk(folder.resolve("junit"))) {
            attached = files.filter(file -> file.endsWith("console.log")).toList();
        }
        assertThat(attached).hasSize(1).allSatisfy(file -> assertThat(file).isNotEmptyFile());
    }
}
