// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ksplat.kernel.Progress;
import io.ksplat.machine.Accelerator;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.internal.qemu.Channel;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.LaunchSpec;
import io.ksplat.machine.internal.qemu.QemuLauncher;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A machine that is reached over TCP alone; where it runs makes no difference, so that it runs here. */
@Tag("machine")
@Tag("full")
class RemoteMachineTest {
    @TempDir
    private Path folder;

    /** Its files are this host's. */
    private static final class Here implements QemuLauncher {
        private final Path folder;
        private long guard;

        Here(Path folder) {
            this.folder = folder;
        }

        @Override
        public String name() {
            return "a place of the test";
        }

        @Override
        public String key() {
            return "test";
        }

        @Override
        public boolean offersKvm() {
            return false;
        }

        @Override
        public Running start(LaunchSpec command) throws IOException {
            Path root = Files.createTempDirectory(folder, "site");
            for (var file : command.files().entrySet()) {
                Path there = root.resolve(file.getKey().substring(1));
                Files.createDirectories(there.resolveSibling(""));
                Files.createSymbolicLink(there, file.getValue().toAbsolutePath());
            }
            List<String> words = command.words(channel -> "127.0.0.1:0").stream()
                    .map(word -> word.replace("/ksplat/", root + "/ksplat/"))
                    .toList();
            Path stderr = root.resolve("stderr");
            Process process =
                    new ProcessBuilder(words).redirectError(stderr.toFile()).start();
            guard = process.pid();
            BufferedReader out = process.inputReader();
            String[] ports = out.readLine().split(" ", -1);
            assertThat(ports[0]).isEqualTo("listening");
            return new Running() {
                @Override
                public InetSocketAddress address(Channel channel) {
                    int index = List.of(Channel.values()).indexOf(channel);
                    return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(ports[index + 1]));
                }

                @Override
                public String stderr() throws IOException {
                    return Files.readString(stderr);
                }

                @Override
                public void close() throws IOException {
                    try {
                        // It ends by itself: its client is gone.
                        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    } finally {
                        process.destroyForcibly();
                        out.close();
                    }
                }
            };
        }
    }

    private MachineFactory host(Here launcher) throws Exception {
        return MachineFactory.open(new TestMachines().cache(), Optional.of(Accelerator.TCG), Optional.of(launcher));
    }

    private Guest boot(MachineFactory host) throws Exception {
        return host.boot(new TestMachines().config(), folder.resolve("console.log"), Progress.NONE)
                .guest();
    }

    @Test
    void doesOverTcpWhatAMachineOfThisHostDoes() throws Exception {
        Here launcher = new Here(folder);
        long qemu;
        try (Guest guest = boot(host(launcher))) {
            VirtualMachine vm = guest.vm();
            qemu = TestMachines.pid(vm);
            guest.awaitBeats();
            long thread = vm.cpuThreads().get(0);
            long before = vm.ranNanos(thread).orElseThrow();
            long known = Long.parseLong(Files.readString(Path.of("/proc", Long.toString(thread), "schedstat"))
                    .split(" ", -1)[0]);
            assertThat(known).isGreaterThanOrEqualTo(before);
            assertThat(vm.ranNanos(thread).orElseThrow()).isGreaterThanOrEqualTo(known);
            assertThat(vm.ranNanos(99_999_999)).isEmpty();
            // Twice: whoever comes after the first debugger finds the stub as well.
            for (int i = 0; i < 2; i++) {
                try (GdbStub gdb = vm.gdb()) {
                    assertThat(gdb.registers(0).get(Register.RIP)).isNotZero();
                }
            }
            vm.resume();
            guest.awaitBeats();
            assertThat(Files.readString(Path.of("/proc", Long.toString(qemu), "cmdline")))
                    .containsPattern("tsc_early_khz=[1-9][0-9]{5,}");
        }
        assertThat(ProcessHandle.of(qemu)).isEmpty();
        assertThat(ProcessHandle.of(launcher.guard)).isEmpty();
    }

    @Test
    void tellsHowQemuEnded() throws Exception {
        try (Guest guest = boot(host(new Here(folder)))) {
            ProcessHandle.of(TestMachines.pid(guest.vm())).orElseThrow().destroyForcibly();
            // 128 and SIGKILL, as a shell has it.
            assertThat(guest.vm().exit().get(60, TimeUnit.SECONDS)).isEqualTo(137);
        }
    }

    @Test
    void refusesWhatNeedsQemuHere() throws Exception {
        Here launcher = new Here(folder);
        MachineFactory host = host(launcher);
        try (Guest guest = boot(host)) {
            VirtualMachine vm = guest.vm();
            assertThatThrownBy(vm::keep)
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("not run on this host");
            assertThatThrownBy(() -> vm.dump(folder.resolve("core")))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("QEMU does not run on this host");
            assertThatThrownBy(() -> vm.freeze(folder.resolve("state")))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("its memory is not in a file");
        }
        assertThatThrownBy(() -> VirtualMachine.startIn(
                        folder.resolve("ram"), new TestMachines().config(), host.programs(), folder.resolve("c")))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("can neither be frozen nor restored there");
    }

    @Test
    void saysQemusOwnWordsWhereItDoesNotStart() throws Exception {
        MachineFactory host = host(new Here(folder));
        Path nothing = Files.writeString(folder.resolve("nothing"), "no kernel");
        var config = new TestMachines().config();
        var broken = new io.ksplat.machine.internal.qemu.MachineConfig(
                nothing, config.initramfs(), config.virtio(), 2, 256, Accelerator.TCG, 0, List.of());
        assertThatThrownBy(() -> VirtualMachine.start(broken, host.programs(), folder.resolve("console.log")))
                .isInstanceOf(MachineException.Gone.class)
                .hasMessageContaining("qemu");
    }
}
