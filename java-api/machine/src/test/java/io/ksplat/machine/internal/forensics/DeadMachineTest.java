// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import io.ksplat.machine.internal.forensics.hang.Diagnosis;
import io.ksplat.machine.internal.forensics.hang.HangWatch;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Machines that do not speak any more: what is still read from them, and what is left of them. */
@Tag("machine")
@Timeout(180)
class DeadMachineTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String LAST_WORDS = "sysrq: HELP : ";

    @TempDir
    Path folder;

    /** Stops the machine when it is about to print a line that is in its log already. */
    @Test
    @Tag("lockdep")
    void whatTheConsoleDidNotGetIsReadFromMemoryOnABuiltKernel() throws Exception {
        whatTheConsoleDidNotGetIsReadFromMemory(TestMachines.LOCKDEP);
    }

    @ParameterizedTest
    @ValueSource(strings = {"debian:6.1", "debian:7.2"})
    void whatTheConsoleDidNotGetIsReadFromMemory(String kernel) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        Symbols symbols = machines.facts().symbols();
        try (Guest guest = machines.restore(folder)) {
            Deadline clock = Deadline.in(PATIENCE.dividedBy(3));
            while (!hasItsClock(guest) && !clock.expired()) {
                Poll.pause();
            }
            Deadline deadline = Deadline.in(PATIENCE);
            guest.agent().writeFile("/dev/kmsg", "this is shown\n");
            while (!Files.readString(folder.resolve("console.log")).contains("this is shown\r")) {
                assertThat(deadline.expired()).isFalse();
                Poll.pause();
            }
            try (GdbStub gdb = guest.vm().gdb()) {
                gdb.setBreakpoint(symbols.address("serial8250_console_write").orElseThrow());
                CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> say(guest));
                gdb.resume();
                gdb.awaitStop(deadline);
                gdb.close();
                List<String> unprinted = machines.analysis(guest).unprinted();
                assertThat(Files.readString(folder.resolve("console.log")))
                        .contains("this is shown")
                        .doesNotContain(LAST_WORDS);
                assertThat(unprinted).hasSize(1);
                assertThat(unprinted.get(0)).matches("\\[ {3,4}\\d{1,2}\\.\\d{6}\\] " + LAST_WORDS + ".*");
                assertThat(writing).isNotCompletedExceptionally();
            }
        }
    }

    /** The kernel refines the TSC a second after it has booted, registers it, and prints that (arch/x86/kernel/tsc.c). */
    private static boolean hasItsClock(Guest guest) throws IOException {
        byte[] clocks = guest.agent().readFile("/sys/devices/system/clocksource/clocksource0/available_clocksource");
        return List.of(new String(clocks, UTF_8).split("\\s+")).contains("tsc");
    }

    private static void say(Guest guest) {
        try {
            // What user space writes to /dev/kmsg is left out.
            guest.agent().writeFile("/proc/sysrq-trigger", "h");
        } catch (IOException expected) {
            // The machine is gone before it can answer.
        }
    }

    @Test
    void aKeptMachineWaitsForGdbUntilItIsEnded() throws Exception {
        TestMachines machines = new TestMachines();
        VirtualMachine.Kept kept;
        try (Guest guest = machines.restore(folder)) {
            kept = guest.vm().keep();
        }
        ProcessHandle guard = ProcessHandle.of(kept.guard()).orElseThrow();
        try {
            assertThat(guard.isAlive()).isTrue();
            assertThat(gdb(
                            "-ex",
                            "set architecture i386:x86-64",
                            "-ex",
                            "target remote " + kept.gdb(),
                            "-ex",
                            "info threads"))
                    .contains("CPU#0", "CPU#1");
        } finally {
            guard.destroy();
        }
        guard.onExit().get(60, TimeUnit.SECONDS);
        assertThat(kept.gdb().getParent()).doesNotExist();
    }

    @Test
    void aDumpShowsDebuggersTheKernelsMemory() throws Exception {
        TestMachines machines = new TestMachines();
        Path core = folder.resolve("vmcore");
        long banner = machines.facts().symbols().address("linux_banner").orElseThrow();
        try (Guest guest = machines.restore(folder)) {
            machines.analysis(guest).dump(core);
        }
        assertThat(gdb("-c", core.toString(), "-ex", "x/s 0x" + Long.toHexString(banner)))
                .contains("Linux version " + machines.facts().release());
        assertThat(run("readelf", "-nW", core.toString())).contains("VMCOREINFO", "NT_PRSTATUS");
    }

    /** Debian 12's drgn will do: it takes the notes and the addresses of the dump, and the types of the vmlinux. */
    @Test
    @Tag("lockdep")
    void drgnOpensADump() throws Exception {
        need("drgn", "--version");
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        Path core = folder.resolve("vmcore");
        Path script = Files.writeString(folder.resolve("tasks.py"), """
                from drgn.helpers.linux.pid import for_each_task
                print("release", prog["init_uts_ns"].name.release.string_().decode())
                for task in for_each_task(prog):
                    print("task", task.pid.value_(), task.comm.string_().decode())
                """);
        int child;
        try (Guest guest = machines.restore(folder)) {
            child = guest.spawnParked(0).pid();
            machines.analysis(guest).dump(core);
        }
        String vmlinux = machines.facts().kernel().debugVmlinux().orElseThrow().toString();
        assertThat(run("drgn", "-q", "-c", core.toString(), "-s", vmlinux, script.toString()))
                .contains(
                        "release " + machines.facts().release() + "\n",
                        "task 1 init\n",
                        "task 2 kthreadd\n",
                        "task " + child + " init\n");
    }

    /** Without the kernel's vmlinux drgn still reads memory by the kernel's addresses, which it learns from the dump alone. */
    @ParameterizedTest
    @ValueSource(strings = {"debian:6.1", "debian:7.2"})
    void drgnOpensADumpOfAStockKernel(String kernel) throws Exception {
        need("drgn", "--version");
        TestMachines machines = new TestMachines(kernel);
        Path core = folder.resolve("vmcore");
        long banner = machines.facts().symbols().address("linux_banner").orElseThrow();
        Path script = Files.writeString(
                folder.resolve("banner.py"),
                "print(prog.read(0x" + Long.toHexString(banner) + ", 80).split(b' (')[0].decode())");
        try (Guest guest = machines.restore(folder)) {
            machines.analysis(guest).dump(core);
        }
        assertThat(run("drgn", "-q", "--no-default-symbols", "-c", core.toString(), script.toString()))
                .contains("Linux version " + machines.facts().release());
    }

    /** Debian 12's crash knows no kernel of the 7 series, so this is told of newer ones alone. */
    @Test
    @Tag("lockdep")
    void crashOpensADump() throws Exception {
        Matcher version = Pattern.compile("crash (\\d+)\\.").matcher(need("crash", "-v"));
        assumeThat(version.find()).as("crash -v tells its version").isTrue();
        assumeThat(Integer.parseInt(version.group(1)))
                .as("crash's version: before 9 it opens no kernel of the 7 series")
                .isGreaterThanOrEqualTo(9);
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        Path core = folder.resolve("vmcore");
        Path commands = Files.writeString(folder.resolve("commands"), "sys\nbt -a\nquit\n");
        try (Guest guest = machines.restore(folder)) {
            stopAt(guest, machines.facts().symbols().address("dentry_kill").orElseThrow());
            machines.analysis(guest).dump(core);
        }
        String vmlinux = machines.facts().kernel().debugVmlinux().orElseThrow().toString();
        // This profile's kernels have no modules.
        assertThat(run("crash", "-s", "--no_modules", "-i", commands.toString(), vmlinux, core.toString()))
                .contains("RELEASE: " + machines.facts().release(), "CPUS: 2")
                .containsPattern(
                        "exception RIP: dentry_kill[\\s\\S]*__x64_sys_unlink|dentry_kill[\\s\\S]*do_syscall_64");
    }

    /** Leaves a machine that makes and deletes files at the entry of a function. */
    private static void stopAt(Guest guest, long function) throws Exception {
        guest.spawnChurn(0);
        try (GdbStub gdb = guest.vm().gdb()) {
            gdb.setBreakpoint(function);
            gdb.resume();
            gdb.awaitStop(Deadline.in(PATIENCE));
            gdb.clearBreakpoint(function);
        }
    }

    /** What a tool says of itself; the test is skipped where the tool is not there. */
    private static String need(String tool, String question) throws Exception {
        boolean there = Arrays.stream(System.getenv("PATH").split(":", -1))
                .anyMatch(place -> Files.isExecutable(Path.of(place, tool)));
        assumeThat(there)
                .as("%s is on the PATH: apt-get install %s", tool, tool.equals("drgn") ? "python3-drgn" : tool)
                .isTrue();
        return run(tool, question);
    }

    /** A lock that nobody gives back, taken with interrupts disabled. */
    @Test
    void aHangIsCalledWithinThreeSecondsOfTheLastHeartbeat() throws Exception {
        TestMachines machines = new TestMachines();
        Symbols symbols = machines.facts().symbols();
        try (Guest guest = machines.restore(folder)) {
            guest.spawnChurn(0);
            int cpu;
            try (GdbStub gdb = guest.vm().gdb()) {
                gdb.setBreakpoint(symbols.address("_raw_spin_lock_irqsave").orElseThrow());
                gdb.resume();
                cpu = gdb.awaitStop(Deadline.in(PATIENCE));
                gdb.clearBreakpoint(symbols.address("_raw_spin_lock_irqsave").orElseThrow());
                gdb.write(cpu, gdb.registers(cpu).get(Register.RDI), new byte[] {1, 0, 0, 0});
                gdb.detach();
            }
            HangWatch watch = new HangWatch(guest, symbols);
            Path thread = Path.of("/proc", guest.vm().cpuThreads().get(cpu).toString(), "schedstat");
            Deadline deadline = Deadline.in(PATIENCE);
            long beats = -1;
            long ranBefore = 0;
            while (true) {
                Diagnosis diagnosis = watch.sample();
                if (diagnosis.causes().stream().anyMatch(stuck -> stuck.cpu() == cpu)) {
                    break;
                }
                long now = guest.heartbeats().read()[cpu];
                if (now != beats) {
                    beats = now;
                    ranBefore = ran(thread);
                }
                assertThat(deadline.expired()).isFalse();
                Poll.pause();
            }
            // In the CPU's own run time: a busy host is not the machine's slowness.
            long tookMs = (ran(thread) - ranBefore) / 1_000_000;
            System.out.println("run time from the last heartbeat to the verdict: " + tookMs + " ms");
            assertThat(tookMs).isLessThanOrEqualTo(10_000);
        }
    }

    /** How long a thread has run, nanoseconds (Documentation/scheduler/sched-stats.rst). */
    private static long ran(Path schedstat) throws IOException {
        return Long.parseLong(Files.readString(schedstat).split(" ", -1)[0]);
    }

    private static String gdb(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("gdb", "-nx", "-batch"));
        command.addAll(Arrays.asList(arguments));
        return run(command.toArray(String[]::new));
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return out;
    }
}
