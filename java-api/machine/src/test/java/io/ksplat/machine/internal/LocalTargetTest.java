// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.LocalTarget;
import io.ksplat.kernel.Progress;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Exited;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The contract in the running kernel: that of a guest, in which a JVM runs on the host's files, so that nothing is loaded into the
 * host's. The kernel is one that has 9p built in.
 */
@Tag("lockdep")
@Timeout(1000)
class LocalTargetTest {
    private static final Duration IN_GUEST = Duration.ofSeconds(900);
    private static final String WRITABLE = "/run";

    @TempDir
    static Path folder;

    private static Guest guest;

    @BeforeAll
    static void boot() throws Exception {
        ContractObjects.compileTo(folder);
        compile(Path.of("src/test/resources/guest/in_host_root.c"), folder.resolve("in_host_root"));
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        MachineConfig plain = machines.config();
        MachineConfig config = new MachineConfig(
                plain.image(),
                plain.initramfs(),
                plain.virtio(),
                plain.cpus(),
                1024,
                plain.accelerator(),
                plain.hostTscKhz(),
                plain.bootParameters());
        Path qemu = withTheHostsRoot(machines.host().programs().qemuBinary(), config.virtio());
        guest = machines.host()
                .withQemu(qemu.toString())
                .withFiles(List.of(Path.of("/")))
                .boot(config, folder.resolve("console.log"), Progress.NONE)
                .guest();
        guest.agent().writeProgram("/in_host_root", Files.readAllBytes(folder.resolve("in_host_root")));
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
        }
    }

    private static void compile(Path source, Path program) throws IOException, InterruptedException {
        Process gcc = new ProcessBuilder("gcc", "-static", "-O1", "-Wall", "-o", program.toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor(60, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        assertThat(gcc.exitValue()).isZero();
    }

    /** QEMU with a device more: machines that ksplat makes share nothing with the host. */
    private static Path withTheHostsRoot(Path qemu, MachineConfig.Virtio virtio) throws IOException {
        String device = virtio == MachineConfig.Virtio.MMIO ? "virtio-9p-device" : "virtio-9p-pci";
        Path script = folder.resolve("qemu");
        Files.writeString(
                script,
                "#!/bin/sh\nexec " + qemu + " \"$@\" -fsdev local,id=host,path=/,security_model=none,readonly=on,"
                        + "multidevs=remap -device " + device + ",fsdev=host,mount_tag=host\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    private static Exited java(List<String> before, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("/in_host_root", WRITABLE));
        command.addAll(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:-UsePerfData", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"));
        command.addAll(List.of("-Djava.io.tmpdir=" + WRITABLE, "-Djna.tmpdir=" + WRITABLE));
        command.add("-XX:ErrorFile=/dev/stderr");
        command.add("-D" + LocalBpf.OBJECTS + "=" + folder);
        command.add("-D" + LocalTarget.PROPERTY + "=local");
        command.addAll(List.of("-ea", "-cp", classPath(), InGuestMain.class.getName()));
        command.addAll(Arrays.asList(arguments));
        return guest.agent()
                .call(
                        Request.newBuilder()
                                .setExec(Exec.newBuilder().addAllArgv(command).setTimeoutMs((int) IN_GUEST.toMillis())),
                        IN_GUEST.plusSeconds(20))
                .getExited();
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    @TestFactory
    Stream<DynamicTest> keepsTheContract() throws IOException {
        Exited exited = java(List.of());
        String out = exited.getOut().toString(StandardCharsets.UTF_8);
        String err = exited.getErr().toString(StandardCharsets.UTF_8);
        List<String> lines = out.lines().toList();
        Stream<DynamicTest> whole = Stream.of(dynamicTest(
                "the JVM lived to the end",
                () -> assertThat(lines)
                        .as("status %d, timed out %s\n%s\n%s", exited.getStatus(), exited.getTimedOut(), out, err)
                        .endsWith(InGuestMain.DONE)));
        return Stream.concat(
                whole,
                InGuestMain.tests().stream()
                        .map(test -> dynamicTest(
                                test.getName(),
                                () -> assertThat(lines)
                                        .as(failure(out, test.getName()))
                                        .contains(InGuestMain.PASSED + test.getName()))));
    }

    private static String failure(String out, String test) {
        int from = out.indexOf(InGuestMain.FAILED + test + "\n");
        if (from < 0) {
            return "what the JVM said of " + test;
        }
        int passed = out.indexOf("\n" + InGuestMain.PASSED, from);
        int failed = out.indexOf("\n" + InGuestMain.FAILED, from + 1);
        int end = Stream.of(passed, failed, out.length())
                .filter(at -> at > 0)
                .min(Integer::compare)
                .orElseThrow();
        return out.substring(from, end);
    }

    @Test
    void refusesAProcessThatMayNotInOneLine() throws IOException {
        // Root by its name, so that it may read the class path wherever that lies.
        Exited exited = java(List.of("/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"), InGuestMain.OPEN);
        assertThat(exited.getOut().toString(StandardCharsets.UTF_8))
                .as(exited.getErr().toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        "load BPF into the running kernel: this process may not: run it as root, or with CAP_BPF and "
                                + "CAP_PERFMON: EPERM\n");
    }

    @Test
    void isRefusedOnTheHostWhereNobodyAllowedIt() {
        assertThat(System.getProperty(LocalTarget.PROPERTY)).isNull();
        assertThatThrownBy(LocalTarget::open)
                .isInstanceOf(BpfException.class)
                .hasMessage("load BPF into the running kernel: it is not allowed: set the system property "
                        + "ksplat.target=local, or load it into a machine: EPERM");
    }
}
