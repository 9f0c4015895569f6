// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.machine.internal.Heartbeats;
import io.ksplat.machine.internal.Patience;
import io.ksplat.machine.internal.agent.AgentClient;
import io.ksplat.machine.internal.agent.proto.Done;
import io.ksplat.machine.internal.agent.proto.Hello;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.Spawn;
import io.ksplat.machine.internal.qemu.HostTools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the agent does on a machine that lives on. It runs here, in a mount namespace in which it can neither set anything nor write to the
 * kernel's log, and nobody has it load a program.
 */
class RealAgentTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final List<Process> started = new ArrayList<>();

    /** Root alone, who can make the namespace. */
    @BeforeEach
    void needsRoot() {
        assumeThat(System.getProperty("user.name"))
                .as("only root can be the agent")
                .isEqualTo("root");
    }

    @AfterEach
    void end() {
        started.forEach(Outcome::kill);
    }

    private Path program(String name) throws IOException {
        Path program = Files.createDirectory(folder.resolve(name)).resolve("agent");
        Files.write(program, HostTools.agentProgram());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        return program;
    }

    private Process start(Path program, String owner) throws IOException {
        return start(program, owner, "/dev/null");
    }

    private Process start(Path program, String owner, String kernelLog) throws IOException {
        Path locks = folder.resolve("locks");
        Files.createDirectories(locks);
        String line = String.join(
                " && ",
                "mount --bind " + locks + " /run/lock",
                "mount --bind /proc/sys /proc/sys",
                "mount -o remount,ro,bind /proc/sys",
                "mount --bind " + kernelLog + " /dev/kmsg",
                "exec " + program + " --real '" + owner + "'");
        Process process = new ProcessBuilder("unshare", "--mount", "sh", "-c", line)
                .redirectError(folder.resolve("stderr").toFile())
                .start();
        started.add(process);
        return process;
    }

    private static AgentClient client(Process process) {
        return new AgentClient(StreamChannel.of(process), SOON, Patience.Starvation.NONE);
    }

    @Test
    void leavesNoFileAndBeatsOnEveryCpu() throws Exception {
        Path program = program("one");
        try (AgentClient agent = client(start(program, "first"))) {
            Hello hello = agent.hello().get(SOON.toSeconds(), TimeUnit.SECONDS);
            assertThat(program).doesNotExist();
            assertThat(program.getParent()).doesNotExist();
            byte[] page = agent.readFile("/proc/self/fd/100");
            assertThat(page).hasSize(4096);
            Heartbeats.Layout layout = Heartbeats.Layout.of(0, Arrays.copyOf(page, 64), hello.getCpus());
            long[] before = beats(layout, page);
            long[] now = before;
            while (!allMore(before, now)) {
                now = beats(layout, agent.readFile("/proc/self/fd/100"));
            }
            assertThat(before).hasSize(hello.getCpus());
        }
    }

    private static boolean allMore(long[] before, long[] now) {
        for (int cpu = 0; cpu < now.length; cpu++) {
            if (now[cpu] <= before[cpu]) {
                return false;
            }
        }
        return true;
    }

    private static long[] beats(Heartbeats.Layout layout, byte[] page) {
        int from = (int) layout.slots();
        return layout.beats(Arrays.copyOfRange(page, from, from + layout.bytes()));
    }

    @Test
    void keepsASecondUserOutAndNamesTheFirst() throws Exception {
        Process first = start(program("one"), "alice, since noon");
        try (AgentClient agent = client(first)) {
            agent.hello().get(SOON.toSeconds(), TimeUnit.SECONDS);
            Process second = start(program("two"), "bob");
            assertThat(second.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(second.exitValue()).isEqualTo(1);
            assertThat(Files.readString(folder.resolve("stderr"), StandardCharsets.UTF_8))
                    .isEqualTo(
                            "ksplat-agent: this machine is in use by alice, since noon (the lock /run/lock/ksplat)\n");
        }
        assertThat(first.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        try (AgentClient agent = client(start(program("three"), "bob"))) {
            agent.hello().get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** With its connection, it ends what it has started. */
    @Test
    void endsWithItsConnectionAndWhatItStarted() throws Exception {
        Process process = start(program("one"), "first");
        AgentClient agent = client(process);
        agent.hello().get(SOON.toSeconds(), TimeUnit.SECONDS);
        int pid = agent.call(Request.newBuilder().setSpawn(Spawn.newBuilder().setParked(Done.getDefaultInstance())))
                .getProcess()
                .getPid();
        assertThat(ProcessHandle.of(pid)).isPresent();
        process.getOutputStream().close();
        assertThat(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        // Killed, and then reaped by whoever reaps orphans here.
        ProcessHandle.of(pid)
                .map(ProcessHandle::onExit)
                .ifPresent(end -> assertThat(end).succeedsWithin(SOON));
    }
}
