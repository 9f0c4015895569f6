// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.agent.proto.Exec;
import io.ksplat.machine.internal.agent.proto.Exited;
import io.ksplat.machine.internal.agent.proto.Request;
import io.ksplat.machine.internal.qemu.Confinement;
import io.ksplat.machine.internal.qemu.ControlGroups;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GroupLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a living machine does; all tests share one, and leave it as it was. */
@Tag("machine")
@Timeout(180)
class MachineTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /** __START_KERNEL_map (arch/x86/include/asm/page_64_types.h): without KASLR, virtual less physical. */
    private static final long KERNEL_MAP = 0xffffffff80000000L;

    @TempDir
    static Path folder;

    private static Guest guest;
    private static Symbols symbols;

    @BeforeAll
    static void boot() throws Exception {
        TestMachines machines = new TestMachines();
        symbols = machines.facts().symbols();
        guest = machines.boot(folder);
    }

    @AfterAll
    static void end() throws IOException {
        if (guest != null) {
            guest.close();
        }
    }

    @Test
    void qemuMayDoLittle() throws IOException {
        Confinement confinement = guest.vm().confinement();

        assertThat(confinement.filtered()).as("seccomp").isTrue();
        assertThat(confinement.noNewPrivileges()).isTrue();
        assertThat(confinement.noCapabilities()).isTrue();
        assertThat(confinement.ownNetwork()).as("a network of its own").isTrue();
    }

    @Test
    void qemuReachesNoFilesButItsOwn(@TempDir Path others) throws IOException {
        assumeThat(landlock()).as("this host has Landlock").isTrue();

        assertThat(guest.vm().confinement().ownFiles()).isTrue();
        assertThatThrownBy(() -> guest.vm().dump(others.resolve("core")))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("Permission denied");
        assertThat(others).isEmptyDirectory();
        Path core = guest.vm().folder().resolve("core");
        guest.vm().dump(core);
        guest.vm().resume();
        assertThat(core).isNotEmptyFile();
        Files.delete(core);
    }

    /** Also where the list of security modules cannot be read, the system call is there or not. */
    private static boolean landlock() throws IOException {
        Path symbols = Path.of("/proc/kallsyms");
        try (Stream<String> lines = Files.lines(symbols)) {
            return lines.anyMatch(line -> line.endsWith(" __x64_sys_landlock_restrict_self"));
        }
    }

    @Test
    void qemuIsInAGroupWithLimits() throws IOException {
        assumeThat(ControlGroups.canBeMade()).as("control groups can be made").isTrue();

        GroupLimits limits = guest.vm().confinement().limits();

        assertThat(limits.memoryBytes().orElseThrow())
                .isBetween((long) guest.vm().config().memoryMiB() << 20, 4L << 30);
        assertThat(limits.processes()).hasValue(guest.vm().config().cpus() + 128);
    }

    private static Deadline soon() {
        return Deadline.in(SOON);
    }

    private static Exited exec(int timeoutMs, String... argv) throws IOException {
        return guest.agent()
                .call(Request.newBuilder()
                        .setExec(Exec.newBuilder()
                                .addAllArgv(Arrays.asList(argv))
                                .setTimeoutMs(timeoutMs)))
                .getExited();
    }

    @Test
    void saysHelloWithWhatItIs() {
        assertThat(guest.hello().getRelease()).startsWith("7.2");
        assertThat(guest.hello().getCpus()).isEqualTo(2);
        assertThat(guest.hello().getHasBtf()).isTrue();
        assertThat(guest.hello().getText()).isEqualTo(symbols.address("_text").orElseThrow());
    }

    @Test
    void readsAndWritesFiles() throws IOException {
        String text = "line\n".repeat(300_000);
        guest.agent().writeFile("/file", text);
        assertThat(guest.agent().readFile("/file")).isEqualTo(text.getBytes(UTF_8));
        assertThat(guest.agent().readFile("/file", 6)).isEqualTo("line\nl".getBytes(UTF_8));
        guest.agent().writeFile("/file", "");
        assertThat(guest.agent().readFile("/file")).isEmpty();
        assertThat(new String(guest.agent().readFile("/proc/version"), UTF_8))
                .contains(guest.hello().getRelease());
        assertThatThrownBy(() -> guest.agent().readFile("/nowhere"))
                .isExactlyInstanceOf(AgentException.class)
                .hasMessage("open /nowhere: ENOENT");
    }

    @Test
    void printsWhateverTheLevelOfTheConsole() throws IOException {
        guest.agent().writeFile("/proc/sys/kernel/printk", "1");
        try {
            String text = "a warning of little weight";
            CompletableFuture<Void> printed = guest.vm().console().readAfter(text, (buffer, offset, length) -> {});
            guest.agent().writeFile("/dev/kmsg", "<4>" + text + "\n");
            assertThat(printed).succeedsWithin(SOON);
        } finally {
            guest.agent().writeFile("/proc/sys/kernel/printk", "8");
        }
    }

    @Test
    void runsProgramsToTheirEnd() throws IOException {
        assertThat(exec(0, LinuxProgram.EXIT_7.in(guest)).getStatus()).isEqualTo(7 << 8);
        Exited killed = exec(100, LinuxProgram.SPIN.in(guest));
        assertThat(killed.getTimedOut()).isTrue();
        assertThat(killed.getStatus()).isEqualTo(9);
        assertThatThrownBy(() -> exec(0, "/nowhere"))
                .isExactlyInstanceOf(AgentException.class)
                .hasMessageContaining("ENOENT");
    }

    @Test
    void parksAChildOnACpuUntilItIsReaped() throws IOException {
        GuestProcess child = guest.spawnParked(1);
        String status = "/proc/" + child.pid() + "/status";
        assertThat(new String(guest.agent().readFile(status), UTF_8)).contains("Cpus_allowed_list:\t1\n");
        child.pin(0);
        assertThat(new String(guest.agent().readFile(status), UTF_8)).contains("Cpus_allowed_list:\t0\n");
        child.exitAndReap();
        assertThatThrownBy(() -> guest.agent().readFile(status)).hasMessageContaining("ENOENT");
        assertThatThrownBy(child::exitAndReap)
                .isInstanceOf(AgentException.class)
                .hasMessageContaining("ESRCH");
    }

    @Test
    void showsTheBeatsOfEveryCpuFromOutside() throws IOException {
        assertThat(guest.heartbeats().cpus()).isEqualTo(2);
        assertThat(guest.everyCpuBeats(5, SOON)).isTrue();
        guest.vm().stop();
        try {
            long[] stopped = guest.heartbeats().read();
            assertThat(guest.everyCpuBeats(1, Duration.ofMillis(300))).isFalse();
            assertThat(guest.heartbeats().read()).isEqualTo(stopped);
        } finally {
            guest.vm().resume();
        }
        assertThat(guest.everyCpuBeats(5, SOON)).isTrue();
    }

    /** /proc/interrupts' NMI line, a count for each CPU. */
    private static List<Long> nmis() throws IOException {
        String line = new String(guest.agent().readFile("/proc/interrupts"), UTF_8)
                .lines()
                .filter(text -> text.strip().startsWith("NMI:"))
                .findFirst()
                .orElseThrow();
        return Arrays.stream(line.strip().split("\\s+"))
                .skip(1)
                .limit(2)
                .map(Long::valueOf)
                .toList();
    }

    @Test
    void takesEachNmiOnCpu0() throws IOException {
        List<Long> before = nmis();
        for (int i = 1; i <= 5; i++) {
            guest.vm().injectNmi();
            for (Deadline deadline = soon(); nmis().get(0) < before.get(0) + i; ) {
                assertThat(deadline.expired()).as("NMI %d", i).isFalse();
            }
        }
        assertThat(nmis()).containsExactly(before.get(0) + 5, before.get(1));
    }

    @Test
    void showsTheSameMemoryByVirtualAndByPhysicalAddress() throws IOException {
        long banner = symbols.address("linux_banner").orElseThrow();
        byte[] bytes = guest.vm().readVirtual(banner, 200);
        assertThat(new String(bytes, ISO_8859_1))
                .startsWith("Linux version " + guest.hello().getRelease());
        assertThat(guest.vm().readPhysical(banner - KERNEL_MAP, 200)).isEqualTo(bytes);
        try (GdbStub gdb = guest.vm().gdb()) {
            assertThat(gdb.read(1, banner, 200)).isEqualTo(bytes);
            gdb.detach();
        }
        assertThatThrownBy(() -> guest.vm().readVirtual(0xffff_c900_0000_0000L - 4096, 8))
                .hasMessageContaining("cannot read guest address 0xffffc8fffffff000");
    }

    @Test
    void showsTheSameRegistersThroughTheMonitorAndTheGdbstub() throws IOException {
        try (GdbStub gdb = guest.vm().gdb()) {
            List<Registers> cpus = guest.vm().registers();
            assertThat(cpus).extracting(Registers::cpu).containsExactly(0, 1);
            for (Registers registers : cpus) {
                Registers again = gdb.registers(registers.cpu());
                for (Register register : Register.values()) {
                    if (register != Register.GS_BASE && register != Register.CR3) {
                        assertThat(again.get(register)).as("%s", register).isEqualTo(registers.get(register));
                    }
                }
            }
            gdb.detach();
        }
        assertThat(guest.everyCpuBeats(2, SOON)).isTrue();
    }

    @Test
    void stopsAtABreakpointOnTheCpuThatRunsIntoIt() throws IOException {
        GuestProcess churn = guest.spawnChurn(1);
        try (GdbStub gdb = guest.vm().gdb()) {
            long address = symbols.address("path_openat").orElseThrow();
            gdb.setBreakpoint(address);
            gdb.resume();
            assertThat(gdb.awaitStop(soon())).isEqualTo(1);
            assertThat(gdb.registers(1).rip()).isEqualTo(address);
            gdb.clearBreakpoint(address);
            assertThat(gdb.step(1, soon())).isEqualTo(1);
            assertThat(gdb.registers(1).rip()).isNotEqualTo(address);
            gdb.detach();
        }
        churn.exitAndReap();
        assertThat(guest.everyCpuBeats(2, SOON)).isTrue();
    }
}
