// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.debian.Busybox;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ksplat shell}, without a terminal and on a pseudo terminal of script(1). */
@Tag("full")
class ShellTest {
    private static final long LIMIT_S = 240;

    /** The kernel's release, and what ends the prompt. */
    private static final String PROMPT = ":~# ";

    private static final String CTRL_D = "\u0004";
    private static final String CTRL_A = "\u0001";

    @TempDir
    Path folder;

    private Process session;

    @AfterEach
    void endSession() {
        if (session != null) {
            session.descendants().forEach(ProcessHandle::destroyForcibly);
            session.destroyForcibly();
        }
    }

    @Test
    void withoutATerminalItNeedsACommand() throws Exception {
        Ksplat ksplat = Ksplat.run(folder, "shell");

        assertThat(ksplat.exit()).isEqualTo(2);
        assertThat(ksplat.err()).contains("no terminal").contains("shell -- COMMAND");
    }

    /** A root file system of a user: one file of its own, and a shell. */
    private Path root() throws Exception {
        Path root = folder.resolve("root");
        Files.createDirectories(root.resolve("bin"));
        Files.createDirectories(root.resolve("etc"));
        Files.writeString(root.resolve("etc/profile"), "its own profile\n");
        Path busybox = Busybox.find(Cache.standard(), Progress.NONE);
        Files.copy(busybox, root.resolve("bin/busybox"));
        assertThat(root.resolve("bin/busybox").toFile().setExecutable(true)).isTrue();
        for (String applet : new String[] {"sh", "cat", "mount", "id", "echo", "touch"}) {
            Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
        }
        return root;
    }

    @Test
    @Tag("machine")
    @Tag("network")
    void aCommandRunsInARootFileSystem() throws Exception {
        Ksplat ksplat = Ksplat.run(
                folder,
                "shell",
                "--kernel",
                "debian:6.12",
                "--root",
                root().toString(),
                "--",
                "sh",
                "-c",
                "cat /etc/profile; mount; touch /new && echo written; exit 7");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(7);
        assertThat(ksplat.out()).startsWith("its own profile\n").contains("overlay on / type overlay", "written");
        assertThat(folder.resolve("root/new")).doesNotExist();
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void aShellInARootFileSystemEndsWithPoweroff() throws Exception {
        open("--root", root().toString(), "--kernel", "debian:6.12");
        type("cat /etc/prof''ile; echo $((40 + 2))\r");
        await("its own profile");
        await("42");
        type("poweroff\r");

        assertEnded(0);
    }

    @Test
    void aRootThatIsNotThereIsTold() throws Exception {
        Ksplat blank = Ksplat.run(folder, "shell", "--root", " ", "--", "true");
        assertThat(blank.exit()).isEqualTo(2);
        assertThat(blank.err()).contains("--root is debian[:SUITE][+PACKAGE...] or a path, and not empty");

        Ksplat missing = Ksplat.run(folder, "shell", "--root", "/no/such/root", "--", "true");
        assertThat(missing.exit()).isEqualTo(3);
        assertThat(missing.err()).contains("root=/no/such/root: there is no such folder or file; debian");
    }

    @Test
    void badSizesAreUsageErrors() throws Exception {
        Ksplat memory = Ksplat.run(folder, "shell", "--memory", "lots", "--", "true");
        assertThat(memory.exit()).isEqualTo(2);
        assertThat(memory.err()).contains("--memory lots is no size");

        Ksplat cpus = Ksplat.run(folder, "shell", "--cpus", "0", "--", "true");
        assertThat(cpus.exit()).isEqualTo(2);
        assertThat(cpus.err()).contains("--cpus must be from 1");
    }

    @Test
    @Tag("machine")
    @Tag("network")
    void aCommandsOutputAndExitCodeComeBack() throws Exception {
        Ksplat ksplat = Ksplat.run(
                folder,
                "shell",
                "--cpus",
                "1",
                "--memory",
                "200M",
                "--",
                "sh",
                "-c",
                "nproc; echo to stderr >&2; mount | cut -d' ' -f3,5; cat /proc/meminfo; exit 7");

        assertThat(ksplat.exit()).as(ksplat.err()).isEqualTo(7);
        assertThat(ksplat.out().lines().findFirst()).contains("1");
        assertThat(ksplat.out())
                .contains("/proc proc", "/sys sysfs", "/dev devtmpfs", "/sys/fs/bpf bpf")
                .contains("/sys/kernel/debug debugfs", "/sys/kernel/tracing tracefs")
                .containsPattern("MemTotal: +1\\d{5} kB");
        assertThat(ksplat.err()).contains("to stderr");
        ksplat.assertNothingLeft();
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void aCommandThatDoesNotEndOrIsNotThereIsTold() throws Exception {
        Ksplat endless = Ksplat.run(folder.resolve("a"), "shell", "--timeout", "2", "--", "sleep", "1000");
        assertThat(endless.exit()).isEqualTo(3);
        assertThat(endless.err()).contains("the command did not end within");
        endless.assertNothingLeft();

        Ksplat missing = Ksplat.run(folder.resolve("b"), "shell", "--", "no-such-command");
        assertThat(missing.exit()).isEqualTo(127);
        assertThat(missing.err()).contains("no-such-command");

        Ksplat panic =
                Ksplat.run(folder.resolve("c"), "shell", "--", "sh", "-c", "echo c >/proc/sysrq-trigger; sleep 1000");
        assertThat(panic.exit()).isEqualTo(3);
        assertThat(panic.err()).contains("the machine ended before the command did");
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void aKernelThatStandsAfterAPanicIsTold() throws Exception {
        Ksplat ksplat = Ksplat.run(
                folder,
                "shell",
                "--",
                "sh",
                "-c",
                "echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger; sleep 1000");

        assertThat(ksplat.exit()).isEqualTo(3);
        assertThat(ksplat.err()).contains("the machine ended before the command did", "no CPU's heart beats any more");
        ksplat.assertNothingLeft();
    }

    /** Starts ksplat on a terminal of 40 rows and 100 columns, and waits for its prompt. */
    private void open(String... options) throws Exception {
        Files.createDirectories(folder.resolve("tmp"));
        Files.writeString(folder.resolve("session.sh"), """
                tty >tty
                stty rows 40 cols 100
                stty -g >before
                %s -Xmx256m -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=%s io.ksplat.cli.Main shell %s
                echo $? >code
                stty -g >after
                """.formatted(
                        Path.of(System.getProperty("java.home"), "bin", "java"),
                        folder.resolve("tmp"),
                        String.join(" ", options)));
        ProcessBuilder script = new ProcessBuilder("script", "-qec", "sh session.sh", "/dev/null")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("screen").toFile());
        script.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        script.environment().put("SHELL", "/bin/sh");
        session = script.start();
        await(options.length == 0 ? PROMPT : "# ");
    }

    private String screen() throws IOException {
        return Files.readString(folder.resolve("screen"), StandardCharsets.ISO_8859_1);
    }

    private void type(String keys) throws IOException {
        session.getOutputStream().write(keys.getBytes(StandardCharsets.US_ASCII));
        session.getOutputStream().flush();
    }

    private void await(String text) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!screen().contains(text)) {
            assertThat(session.isAlive())
                    .as("the session runs; screen: " + screen())
                    .isTrue();
            assertThat(System.nanoTime())
                    .as("waiting for " + text + " in " + screen())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    private void assertEnded(int code) throws Exception {
        assertThat(session.waitFor(LIMIT_S, TimeUnit.SECONDS)).as(screen()).isTrue();
        assertThat(Files.readString(folder.resolve("code"))).as(screen()).isEqualTo(code + "\n");
        assertThat(folder.resolve("after")).hasSameTextualContentAs(folder.resolve("before"));
    }

    private ProcessHandle ksplat() {
        return session.descendants()
                .filter(handle -> handle.info().command().orElse("").endsWith("/java"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @Tag("machine")
    @Tag("network")
    void aShellHasTheTerminalAndItsSize() throws Exception {
        open();
        type("echo size $(stty size)\r");
        await("size 40 100");
        run("stty", "-F", Files.readString(folder.resolve("tty")).strip(), "rows", "50");
        // The shell is told a moment later.
        type("while [ \"$(stty size)\" != '50 100' ]; do :; done; echo re''sized\r");
        await("resized");
        // In raw mode this key is the guest's: it ends no ksplat.
        type("echo sle''eps; sleep 1000\r");
        await("sleeps");
        type("\u0003");
        type("echo aft''er; exit 5\r");
        await("after");

        assertEnded(5);
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void ctrlDEndsIt() throws Exception {
        open();
        type(CTRL_D);

        assertEnded(0);
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void poweroffEndsIt() throws Exception {
        open();
        type("poweroff\r");

        assertEnded(0);
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void thereIsAWayOutOfAMachineThatHangs() throws Exception {
        open();
        type("while :; do :; done\r");
        type(CTRL_A + "x");

        assertEnded(0);
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void theTerminalIsRestoredWhenQemuDies() throws Exception {
        open();
        ksplat().descendants()
                .filter(handle -> handle.info().command().orElse("").contains("qemu"))
                .forEach(ProcessHandle::destroyForcibly);

        assertEnded(3);
        assertThat(screen()).contains("ksplat: the machine ended");
    }

    @Test
    @Tag("machine")
    @Tag("network")
    @Tag("full")
    void theTerminalIsRestoredWhenKsplatIsKilled() throws Exception {
        open();
        String before = Files.readString(folder.resolve("before")).strip();
        String terminal = Files.readString(folder.resolve("tty")).strip();
        assertThat(run("stty", "-g", "-F", terminal)).isNotEqualTo(before);
        // So that the terminal is there until it was looked at.
        Files.writeString(folder.resolve("session.sh"), "sleep 1000\n", java.nio.file.StandardOpenOption.APPEND);

        ksplat().destroyForcibly();

        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_S);
        while (!run("stty", "-g", "-F", terminal).equals(before)) {
            assertThat(System.nanoTime())
                    .as("waiting for the terminal's old mode")
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        assertThat(process.waitFor()).as(out).isZero();
        return out;
    }
}
