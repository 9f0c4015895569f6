// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher takes for itself, beside scripts that say with what they were called. */
class LauncherTest {
    private static final Path LAUNCHER = Path.of("../../ksplat");

    @TempDir
    Path home;

    @BeforeEach
    void makeScripts() throws IOException {
        Files.copy(LAUNCHER, home.resolve("ksplat"));
        Files.createDirectory(home.resolve("scripts"));
        for (String script : List.of("bootstrap", "build", "launch")) {
            script(script, "echo \"$(basename \"$0\")\" \"$@\"");
        }
    }

    private void script(String name, String does) throws IOException {
        Path file = Files.writeString(home.resolve("scripts").resolve(name), "#!/bin/sh\n" + does + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private String ksplat(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(home.resolve("ksplat").toString()));
        command.addAll(List.of(arguments));
        return said(command);
    }

    /** Runs a command; returns what it wrote to stdout and stderr. */
    private String said(List<String> command) throws IOException, InterruptedException {
        Path out = home.resolve("out");
        Process launcher = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectErrorStream(true)
                .start();
        assertThat(launcher.waitFor(5, TimeUnit.MINUTES))
                .as("the launcher ended")
                .isTrue();
        return Files.readString(out);
    }

    /** As cron and systemd start it. */
    @Test
    void findsTheUsersFolderWithoutHome() throws Exception {
        script("launch", "echo \"HOME ${HOME-unset}\"");
        String path = "PATH=" + System.getenv("PATH");
        String launcher = home.resolve("ksplat").toString();

        for (List<String> environment : List.of(List.of(path), List.of(path, "HOME="))) {
            List<String> command = new ArrayList<>(List.of("env", "-i"));
            command.addAll(environment);
            command.addAll(List.of(launcher, "list"));
            assertThat(said(command)).endsWith("HOME " + System.getProperty("user.home") + "\n");
        }
        assertThat(said(List.of("env", "-i", path, "../../scripts/bootstrap", "doctor")))
                .contains("JDK 17", "libbpf")
                .doesNotContain("HOME");
    }

    /** Java names files in the encoding of the locale. */
    @Test
    void javaGetsALocaleOfUtf8() throws Exception {
        Files.copy(LAUNCHER.resolveSibling("scripts/launch"), home.resolve("scripts/launch"), REPLACE_EXISTING);
        script("java", "echo \"${LC_ALL-unset} ${LANG-unset}\"");
        String path = "PATH=" + home.resolve("scripts") + ":" + System.getenv("PATH");
        String launch = home.resolve("scripts/launch").toString();

        assertThat(said(List.of("env", "-i", path, launch, "list"))).isEqualTo("C.UTF-8 unset\n");
        assertThat(said(List.of("env", "-i", path, "LC_ALL=C", launch, "list"))).isEqualTo("C.UTF-8 unset\n");
        assertThat(said(List.of("env", "-i", path, "LANG=C.UTF-8", launch, "list")))
                .isEqualTo("unset C.UTF-8\n");
    }

    @Test
    void takesItsOwnOptions() throws Exception {
        assertThat(ksplat("run", "nmi-task-kptr", "--yes", "--in-container"))
                .isEqualTo("bootstrap --yes --in-container\nbuild\nlaunch run nmi-task-kptr --in-container\n");
    }

    @Test
    void passesTheAnswerOnForARealMachine() throws Exception {
        assertThat(ksplat("run", "nmi-cpumask-kptr", "--on", "rack7", "--yes"))
                .isEqualTo("bootstrap --yes\nbuild\nlaunch run --yes nmi-cpumask-kptr --on rack7\n");
        assertThat(ksplat("run", "nmi-cpumask-kptr", "--on", "rack7"))
                .isEqualTo("bootstrap\nbuild\nlaunch run nmi-cpumask-kptr --on rack7\n");
    }

    @Test
    void leavesTheArgumentsOfAProgram() throws Exception {
        assertThat(ksplat("run", "program.c", "--", "--yes", "--in-container"))
                .isEqualTo("bootstrap\nbuild\nlaunch run program.c -- --yes --in-container\n");
    }

    /** A build takes minutes. */
    @Test
    void readsTheWordsOfVerifyAndDistBeforeItBuilds() throws Exception {
        for (String command : HelpCommand.LAUNCHERS.keySet()) {
            Files.copy(LAUNCHER.resolveSibling("scripts").resolve(command), home.resolve("scripts/" + command));

            assertThat(ksplat(command, "--help")).startsWith("usage: ksplat " + command + " ");
            assertThat(ksplat(command, "--bogus"))
                    .startsWith("ksplat: there is no ")
                    .contains("--bogus", "usage: ksplat " + command + " ")
                    .hasLineCount(1)
                    .doesNotContain("build");
            assertThat(said(List.of("sh", "-c", home.resolve("ksplat") + " " + command + " --bogus; echo $?")))
                    .endsWith("\n2\n");
        }
        // Java reads them again.
        assertThat(Path.of("../verify/src/main/java/io/ksplat/verify/internal/Options.java"))
                .content()
                .contains("\"" + ksplat("verify", "--help").lines().findFirst().orElseThrow() + "\"");
        assertThat(ksplat("verify", "--minutes", "1", "--only", "ATest#m", "--tag", "kasan", "-o"))
                .startsWith("bootstrap\nbuild --tests\n");
        assertThat(ksplat("dist", "tar", "image")).startsWith("bootstrap\nbuild\n");
    }
}
