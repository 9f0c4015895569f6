// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A shell script in QEMU's place, under the real guard. */
@Timeout(180)
class QemuProcessTest {
    @TempDir
    Path temporary;

    private Path folder;
    private HostTools programs;

    @BeforeEach
    void unpack() throws IOException {
        programs = HostTools.unpackTo(Files.createDirectory(temporary.resolve("programs")));
        folder = Files.createDirectory(temporary.resolve("machine"));
    }

    private Path script(String text) throws IOException {
        Path script = temporary.resolve("qemu");
        Files.writeString(script, "#!/bin/sh\n" + text + "\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private QemuProcess start(String text) throws IOException {
        return QemuProcess.start(
                programs.guard(), folder, bounds(), List.of(script(text).toString(), "-some", "words"));
    }

    private Bounds bounds() {
        return Bounds.of(List.of(), List.of(temporary), 1, 64, 0);
    }

    private static boolean runs(long pid) {
        return ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent();
    }

    private long pid() throws Exception {
        Path file = temporary.resolve("pid");
        for (Deadline deadline = Deadline.in(Duration.ofSeconds(60)); ; Thread.sleep(5)) {
            if (Files.exists(file) && Files.readString(file).endsWith("\n")) {
                return Long.parseLong(Files.readString(file).strip());
            }
            assertThat(deadline.expired()).as("the script has started").isFalse();
        }
    }

    @Test
    void hearsAtOnceThatQemuHasEndedAndWhatItSaid() throws Exception {
        try (QemuProcess qemu =
                start("echo 'qemu: warning: nothing' >&2; echo \"qemu: $1: no such thing\" >&2; exit 1")) {
            assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(1);
            assertThat(qemu.exitMessage()).isEqualTo("qemu: -some: no such thing");
            assertThat(folder).as("stays until the machine is closed").isDirectory();
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void tellsHowQemuEndedWhereItSaidNothing() throws Exception {
        try (QemuProcess qemu = start("exit 3")) {
            assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(3);
            assertThat(qemu.exitMessage()).isEqualTo("exit status 3, no message");
        }
    }

    @Test
    void tellsASignalAsTheShellDoes() throws Exception {
        try (QemuProcess qemu = start("kill -9 $$")) {
            assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(128 + 9);
        }
    }

    @Test
    void saysThatQemuRanOutOfMemory() throws Exception {
        assumeThat(ControlGroups.canBeMade()).as("control groups can be made").isTrue();
        Path qemu = script("x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}");
        Bounds little = new Bounds(List.of(), List.of(temporary), 64 << 20, 100, 2);

        try (QemuProcess process = QemuProcess.start(programs.guard(), folder, little, List.of(qemu.toString()))) {
            assertThat(process.exit().get(60, TimeUnit.SECONDS)).isEqualTo(128 + 9);
            assertThat(process.exitMessage())
                    .isEqualTo("ksplat-guard: the kernel killed " + qemu + " for want of memory; it may use 64 MiB");
        }
    }

    @Test
    void saysSoWhereThereIsNoQemu() throws Exception {
        try (QemuProcess qemu = QemuProcess.start(
                programs.guard(),
                folder,
                bounds(),
                List.of(temporary.resolve("nowhere").toString()))) {
            assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(127);
            assertThat(qemu.exitMessage()).contains("nowhere").contains("No such file or directory");
        }
    }

    @Test
    void leavesNothingRunningAndNoFolderBehind() throws Exception {
        String body = "trap '' TERM INT HUP; echo $$ > '" + temporary.resolve("pid") + "'; while :; do sleep 60; done";
        QemuProcess qemu = start(body);
        long pid = pid();
        assertThat(runs(pid)).isTrue();
        assertThat(qemu.exit()).isNotDone();
        Files.writeString(folder.resolve("left"), "over");
        qemu.close();
        assertThat(runs(pid)).isFalse();
        assertThat(folder).doesNotExist();
        assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(128 + 9);
        qemu.close();
    }

    @Test
    void diesWithItsGuard() throws Exception {
        try (QemuProcess qemu = start("echo $$ > '" + temporary.resolve("pid") + "'; exec sleep 60")) {
            long pid = pid();
            long guard =
                    ProcessHandle.of(pid).orElseThrow().parent().orElseThrow().pid();
            ProcessHandle.of(guard).orElseThrow().destroyForcibly();
            assertThat(qemu.exit().get(60, TimeUnit.SECONDS)).isEqualTo(128 + 9);
            for (Deadline deadline = Deadline.in(Duration.ofSeconds(60)); runs(pid); Thread.sleep(5)) {
                assertThat(deadline.expired()).isFalse();
            }
        }
    }

    @Test
    void listenerStopsWaitingWhenQemuEnds() throws Exception {
        try (Listener listener = new Listener(folder.resolve("qmp"));
                QemuProcess qemu = start("echo 'qemu: could not open the image' >&2; exit 1")) {
            assertThatThrownBy(() -> listener.accept(qemu, Deadline.in(Duration.ofMinutes(1))))
                    .isInstanceOf(MachineException.Gone.class)
                    .hasMessage("QEMU ended before it was up: qemu: could not open the image");
        }
    }

    @Test
    void listenerIsLateWhereQemuDoesNotCall() throws Exception {
        try (Listener listener = new Listener(folder.resolve("qmp"));
                QemuProcess qemu = start("exec sleep 60")) {
            assertThatThrownBy(() -> listener.accept(qemu, Deadline.in(Duration.ofMillis(200))))
                    .isInstanceOf(MachineException.Late.class)
                    .hasMessageContaining("qmp in time: it printed nothing");
        }
    }

    private MachineConfig config() {
        return new MachineConfig(
                Path.of("/k/image"),
                Path.of("/k/initramfs"),
                MachineConfig.Virtio.PCI,
                1,
                64,
                Accelerator.TCG,
                1,
                List.of());
    }

    private static List<Path> machineFolders() throws IOException {
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return all.filter(path -> path.getFileName().toString().matches("ksplat-\\d+"))
                    .filter(Files::isDirectory)
                    .toList();
        }
    }

    @Test
    void aMachineWhoseQemuRefusesSaysItsWordsAndLeavesNothing() throws Exception {
        HostTools fake = new HostTools(
                script("echo \"$0: -machine microvm: unsupported machine type\" >&2; exit 1")
                        .toString(),
                programs.guard(),
                programs.tsc(),
                programs.agent());
        List<Path> before = machineFolders();
        assertThatThrownBy(() -> VirtualMachine.start(config(), fake, temporary.resolve("console.log")))
                .isInstanceOf(MachineException.Gone.class)
                .hasMessageContaining("-machine microvm: unsupported machine type");
        assertThat(machineFolders()).isSubsetOf(before);
    }
}
