// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.engine.RunSettings;
import io.ksplat.engine.Session;
import io.ksplat.engine.SessionOptions;
import io.ksplat.evidence.Control;
import io.ksplat.evidence.Verdict;
import io.ksplat.kernel.Progress;
import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs in machines with modules, disks and root file systems, on kernels of both layouts of packages. */
@Tag("machine")
@Tag("full")
class ProgramPartsTest {
    private static final String OLD = "debian:6.12";
    private static final String NEW = RunSettings.DEFAULT_KERNEL;
    private static Session session;

    @TempDir
    static Path report;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        session = Session.open(SessionOptions.standard(Progress.NONE));
    }

    @AfterAll
    static void close() {
        session.close();
    }

    private static RunRecord run(String kernel, Path file, ProgramSpec.Kind kind, Map<String, List<String>> options)
            throws Exception {
        ProgramSpec spec = ProgramSpec.read(file, kind, List.of(), options);
        return session.run(
                        RunSettings.of(kernel).reportedIn(report),
                        new ProgramScenario(String.valueOf(file.getFileName()), spec))
                .execute()
                .record();
    }

    private RunRecord script(String kernel, String text) throws Exception {
        return run(kernel, Files.writeString(folder.resolve("script.sh"), text), ProgramSpec.Kind.SCRIPT, Map.of());
    }

    private static String out(RunRecord run) {
        return run.program()
                .orElseThrow(() -> new AssertionError(run.verdict() + ": " + run.message()))
                .stdout();
    }

    /** The named one is there from the start, with what it needs; the kernel asks for the others by itself. */
    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void modulesThatAreNamedAndThoseThatTheKernelAsksFor(String kernel) throws Exception {
        RunRecord run = script(kernel, """
                #!/bin/sh
                # ksplat: modules=xfs
                grep -q '^xfs ' /proc/modules || { echo no xfs; exit 1; }
                grep -q '^veth ' /proc/modules && exit 2
                ip link add v0 type veth peer name v1 || exit 3
                grep -q '^veth ' /proc/modules || exit 4
                modprobe dummy && grep -q '^dummy ' /proc/modules || exit 5
                """);
        assertThat(run.verdict()).as("%s", run.message()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    void withoutThemTheKernelGetsNone() throws Exception {
        RunRecord run = script(NEW, """
                #!/bin/sh
                ip link add v0 type veth peer name v1
                """);
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    }

    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void aModuleThatDoesNotExist(String kernel) throws Exception {
        RunRecord run = script(kernel, "#!/bin/sh\n# ksplat: modules=btrsf\n");
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.message().orElseThrow())
                .contains("has no module btrsf (near: btrfs, ")
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void aFunctionOfAModuleIsReached(String kernel) throws Exception {
        RunRecord run = script(kernel, """
                #!/bin/sh
                # ksplat: modules=veth reaches=veth_newlink
                ip link add v0 type veth peer name v1
                """);
        assertThat(run.verdict()).as("%s", run.message()).isEqualTo(Verdict.CLEAN);
        assertThat(run.controls()).extracting(Control::name).contains("reached:veth_newlink");
    }

    /** As modprobe(8) has it, what is built in need not be loaded. */
    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void whatIsBuiltInIsThere(String kernel) throws Exception {
        RunRecord run = script(kernel, "#!/bin/sh\n# ksplat: modules=ext4,fuse\nmodprobe ext4 && modprobe fuse\n");
        assertThat(run.verdict()).as("%s", run.message()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    void aFunctionThatNoModuleHas() throws Exception {
        RunRecord run = script(NEW, """
                #!/bin/sh
                # ksplat: modules=veth reaches=veth_of_tomorrow
                """);
        assertThat(run.verdict()).isEqualTo(Verdict.UNSUPPORTED);
        assertThat(run.message().orElseThrow()).contains("veth_of_tomorrow");
    }

    /** Each machine has disks of its own: the second run finds them empty again. */
    @Test
    void emptyDisks() throws Exception {
        String text = """
                #!/bin/sh
                # ksplat: disk=64M,32M
                cat /sys/block/vda/size /sys/block/vdb/size
                head -c 5 /dev/vda | od -An -c | tr -d ' '
                echo whole | dd of=/dev/vda conv=fsync 2>/dev/null && echo 3 >/proc/sys/vm/drop_caches
                head -c 5 /dev/vda
                """;
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThat(out(script(NEW, text))).isEqualTo("131072\n65536\n\\0\\0\\0\\0\\0\nwhole");
        }
    }

    private Path dynamic() throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("dynamic.c"), """
                #include <stdio.h>
                int main(void) { puts("loaded"); return fopen("/of-the-root", "w") == 0; }
                """);
        Path program = folder.resolve("dynamic");
        Process gcc = new ProcessBuilder("gcc", "-o", program.toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(gcc.exitValue()).isZero();
        return program;
    }

    /** Copies what a program asks for, as ldd(1) tells it. */
    private Path rootFor(Path program, boolean libraries) throws IOException, InterruptedException {
        Process ldd = new ProcessBuilder("ldd", program.toString()).start();
        String told = new String(ldd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(ldd.waitFor()).isZero();
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.createDirectories(root.resolve("bin"));
        Matcher file = Pattern.compile("(?:=> )?(/\\S+) \\(").matcher(told);
        while (file.find()) {
            Path from = Path.of(file.group(1));
            if (libraries || !from.toString().contains("libc.so")) {
                Path to = root.resolve(Path.of("/").relativize(from));
                Files.createDirectories(to.resolveSibling(""));
                Files.copy(from.toRealPath(), to);
            }
        }
        return root;
    }

    @ParameterizedTest
    @ValueSource(strings = {OLD, NEW})
    void aDynamicProgramInAFolder(String kernel) throws Exception {
        Path program = dynamic();
        RunRecord run = run(
                kernel,
                program,
                ProgramSpec.Kind.EXECUTABLE,
                Map.of("root", List.of(rootFor(program, true).toString())));
        assertThat(out(run)).isEqualTo("loaded\n");
        assertThat(run.verdict()).as("%s", run.message()).isEqualTo(Verdict.CLEAN);
    }

    @Test
    void aLibraryThatTheRootLacks() throws Exception {
        Path program = dynamic();
        RunRecord run = run(
                NEW,
                program,
                ProgramSpec.Kind.EXECUTABLE,
                Map.of("root", List.of(rootFor(program, false).toString())));
        assertThat(run.verdict()).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(run.program().orElseThrow().stderr()).contains("loading shared libraries: libc.so.6");
    }

    @Test
    void aLoaderThatTheRootLacks() throws Exception {
        Path program = dynamic();
        Files.createDirectories(folder.resolve("root/bin"));
        RunRecord run = run(
                NEW,
                program,
                ProgramSpec.Kind.EXECUTABLE,
                Map.of("root", List.of(folder.resolve("root").toString())));
        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(run.message().orElseThrow())
                .as("a record names no folder of this machine")
                .contains(
                        ".../dynamic asks for the loader /lib64/ld-linux-x86-64.so.2, which the root file system does not have");
    }

    @Test
    void aRootThatDoesNotExist() throws Exception {
        RunRecord run = script(NEW, "#!/bin/sh\n# ksplat: root=nowhere\n");
        assertThat(run.verdict()).isEqualTo(Verdict.ERROR);
        assertThat(run.message().orElseThrow())
                .isEqualTo(
                        "root=.../nowhere: there is no such folder or file; debian[:SUITE][+PACKAGE...] has one made");
    }
}
