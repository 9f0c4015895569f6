// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.internal.agent.proto.Echo;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.agent.proto.WriteFile;
import io.ksplat.machine.internal.qemu.MachineConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Machines that end in all the ways there are; whoever waits is told soon, and what. */
@Tag("machine")
@Timeout(180)
class DyingMachineTest {
    private static TestMachines machines;

    @TempDir
    Path folder;

    @BeforeAll
    static void prepare() throws Exception {
        machines = new TestMachines();
    }

    private static Request.Builder crash() {
        return Request.newBuilder()
                .setWriteFile(
                        WriteFile.newBuilder().setPath("/proc/sysrq-trigger").setData(ByteString.copyFromUtf8("c")));
    }

    private static void saysGone(ThrowingCallable call) {
        // One that waits to the end of its time is Late instead.
        assertThatThrownBy(call).isInstanceOf(MachineException.Gone.class);
    }

    @Test
    void aKilledQemuIsGoneForEverybodyAtOnce() throws Exception {
        Guest guest = machines.boot(folder);
        try {
            String spin = LinuxProgram.SPIN.in(guest);
            CompletableFuture<Throwable> waiting = CompletableFuture.supplyAsync(() -> {
                try {
                    guest.agent()
                            .call(Request.newBuilder().setExec(Exec.newBuilder().addArgv(spin)), Duration.ofMinutes(1));
                    return new AssertionError("an endless program ended");
                } catch (IOException e) {
                    return e;
                }
            });
            TestMachines.signal(TestMachines.pid(guest.vm()), "KILL");
            assertThat(guest.vm().exit().get(60, TimeUnit.SECONDS)).isEqualTo(128 + 9);
            assertThat(waiting.get(60, TimeUnit.SECONDS)).isInstanceOf(MachineException.Gone.class);
            saysGone(() -> guest.agent().call(Request.newBuilder().setEcho(Echo.getDefaultInstance())));
            saysGone(() -> guest.agent().readFile("/proc/version"));
            saysGone(() -> guest.heartbeats().read());
            saysGone(() -> guest.everyCpuBeats(1, Duration.ofMinutes(1)));
            saysGone(() -> guest.vm().registers());
            saysGone(() -> guest.vm().readPhysical(0x1000000, 8));
            saysGone(() -> guest.vm().readVirtual(0xffffffff81000000L, 8));
            saysGone(() -> guest.vm().injectNmi());
            saysGone(() -> guest.vm().cpuThreads());
            saysGone(() -> guest.vm().gdb());
            assertThat(guest.vm().exitMessage()).isEqualTo("exit status 137, no message");
        } finally {
            guest.close();
        }
    }

    @Test
    @Tag("full")
    void aKilledQemuIsGoneForItsGdbstub() throws Exception {
        try (Guest guest = machines.boot(folder)) {
            try (var gdb = guest.vm().gdb()) {
                gdb.resume();
                TestMachines.signal(TestMachines.pid(guest.vm()), "KILL");
                saysGone(() -> gdb.awaitStop(Deadline.in(Duration.ofMinutes(1))));
            }
        }
    }

    @Test
    @Tag("full")
    void aPanicBeforeTheExperimentEndsQemu() throws Exception {
        try (Guest guest = machines.boot(folder)) {
            assertThatThrownBy(() -> guest.agent().call(crash())).isInstanceOf(MachineException.Gone.class);
            guest.vm().exit().get(60, TimeUnit.SECONDS);
        }
        assertThat(Files.readString(folder.resolve("console.log"), ISO_8859_1))
                .contains("Kernel panic - not syncing: sysrq triggered crash");
    }

    @Test
    void aPanicInTheExperimentLeavesTheMachineToBeLookedAt() throws Exception {
        try (Guest guest = machines.boot(folder)) {
            ByteArrayOutputStream seen = new ByteArrayOutputStream();
            guest.beginExperiment("0123abcd", (buffer, offset, length) -> {
                synchronized (seen) {
                    seen.write(buffer, offset, length);
                }
            });
            guest.agent().send(crash());
            for (Deadline deadline = Deadline.in(Duration.ofSeconds(20)); ; Poll.pause()) {
                synchronized (seen) {
                    if (seen.toString(ISO_8859_1).contains("end Kernel panic")) {
                        break;
                    }
                }
                assertThat(deadline.expired()).isFalse();
            }
            assertThat(guest.vm().exit()).isNotDone();
            assertThat(guest.vm().registers()).hasSize(2);
            assertThat(guest.everyCpuBeats(1, Duration.ofMillis(500))).isFalse();
            assertThat(seen.toString(ISO_8859_1)).doesNotContain("0123abcd");
        }
    }

    @Test
    @Tag("full")
    void anAgentThatEndsTakesTheMachineWithIt() throws Exception {
        try (Guest guest = machines.boot(folder)) {
            // A frame of 2 GiB: the agent ends on what is no Request.
            guest.vm().agentChannel().write(ByteBuffer.wrap(new byte[] {-1, -1, -1, 0x7f}));
            guest.vm().exit().get(60, TimeUnit.SECONDS);
            saysGone(() -> guest.agent().readFile("/proc/version"));
        }
        assertThat(Files.readString(folder.resolve("console.log"), ISO_8859_1)).contains("ksplat-agent: ");
    }

    @Test
    void aKernelThatPanicsAtBootSaysSoInItsException() {
        assertThatThrownBy(() -> Guest.boot(
                        machines.config("rdinit=/nowhere"), machines.host().programs(), folder.resolve("console.log")))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("Kernel panic - not syncing: ");
    }

    @Test
    void anImageThatIsNoKernelIsRefusedInQemusWords() throws Exception {
        Path image = Files.writeString(folder.resolve("image"), "no kernel at all ".repeat(1000));
        MachineConfig good = machines.config();
        MachineConfig bad = new MachineConfig(
                image, good.initramfs(), good.virtio(), 1, 64, good.accelerator(), good.hostTscKhz(), List.of());
        assertThatThrownBy(() -> Guest.boot(bad, machines.host().programs(), folder.resolve("console.log")))
                .isInstanceOf(MachineException.class)
                .hasMessageStartingWith("QEMU ended before it was up: ")
                .hasMessageContaining("linux kernel too old to load a ram disk");
    }
}
