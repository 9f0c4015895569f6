// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import io.ksplat.machine.internal.arch.JitFrames;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.StoppedCpu;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.forensics.memory.JitedCode;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Stacks through BPF trampolines, which the symbols of a boot do not name: they came later. */
@Tag("machine")
@Timeout(180)
class TrampolinesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int MOST_STEPS = 5000;
    private static final String TRAMPOLINE = "bpf_trampoline";

    @TempDir
    Path folder;

    /** A lock that is taken from outside when the program is about to take it, and given back by nobody. */
    @ParameterizedTest
    @CsvSource({
        "debian:6.1, lock_before",
        "debian:6.1, lock_after",
        "debian:6.12, lock_before",
        "debian:6.12, lock_after",
        "debian:7.2, lock_before",
        "debian:7.2, lock_after",
    })
    void theFramesBehindATrampolineAreCertain(String kernel, String program) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = machines.restore(folder)) {
            Symbols symbols = attach(machines, guest, program);
            guest.spawnChurn(0);
            int cpu;
            try (GdbStub gdb = guest.vm().gdb()) {
                cpu = stopAt(gdb, symbols.address("bpf_spin_lock").orElseThrow());
                gdb.write(cpu, gdb.registers(cpu).get(Register.RDI), new byte[] {1, 0, 0, 0});
                gdb.detach();
            }
            awaitSpinning(guest, symbols, cpu);
            Stack found = machines.ofStuckCpu(guest, symbols, SourceFrames.none(symbols), cpu).stacks().stream()
                    // A spinning CPU may be in an interrupt whenever it is looked at.
                    .filter(stack -> stack.context().equals("task"))
                    .findFirst()
                    .orElseThrow();
            System.out.println(kernel + " " + program + " " + StoppedCpu.show(List.of(found)));

            assertWhole(found);
            List<String> functions =
                    found.frames().stream().map(SymbolNames::base).toList();
            int trampoline = indexOf(functions, TRAMPOLINE);
            assertThat(functions.subList(0, trampoline)).contains("bpf:" + program);
            // What it called before the function returns there; newer kernels jump to a trampoline that calls the
            // function itself.
            if (program.equals("lock_before")) {
                assertThat(functions.get(trampoline + 1)).isEqualTo("security_inode_create");
            }
        }
    }

    /** Stops at every instruction of a trampoline and of the programs that it calls. */
    @ParameterizedTest
    @CsvSource({
        "debian:6.1, security_inode_create, before after",
        "debian:6.12, security_inode_create, before",
        "debian:6.12, security_inode_create, before after",
        "debian:6.12, security_inode_create, instead",
        "debian:7.2, security_inode_create, before",
        "debian:7.2, security_inode_create, before after",
        "debian:7.2, security_inode_create, instead",
    })
    @Tag("full")
    void theFramesAreCertainAtEachInstruction(String kernel, String function, String programs) throws Exception {
        TestMachines machines = new TestMachines(kernel);
        try (Guest guest = machines.restore(folder)) {
            Symbols symbols = attach(machines, guest, programs.split(" "));
            guest.spawnChurn(0);
            try (GdbStub gdb = guest.vm().gdb()) {
                int cpu = stopAt(gdb, symbols.address(function).orElseThrow());
                GuestMemory memory = (address, length) -> gdb.read(cpu, address, length);
                Symbols all =
                        JitedCode.named(new KernelData(symbols, machines.facts().btf(), memory, 2));
                Unwinder unwinder = new Unwinder(all, OrcTable.read(memory, symbols));
                long caller = memory.word(gdb.registers(cpu).get(Register.RSP));
                Set<Long> seen = new TreeSet<>();
                int steps = 0;
                for (Registers at = gdb.registers(cpu); at.rip() != caller; at = gdb.registers(cpu)) {
                    assertThat(steps++).isLessThan(MOST_STEPS);
                    if (all.at(at.rip()).filter(JitFrames::isJited).isPresent() && seen.add(at.rip())) {
                        List<Stack> stacks = unwinder.unwind(at, memory);
                        assertThat(stacks).hasSize(1);
                        assertWhole(stacks.get(0));
                    }
                    gdb.step(cpu, Deadline.in(PATIENCE));
                }
                List<String> names = seen.stream()
                        .map(all::at)
                        .flatMap(Optional::stream)
                        .map(Symbol::name)
                        .distinct()
                        .toList();
                System.out.println(kernel + " " + steps + " steps, " + seen.size() + " in " + names);
                assertThat(names).hasSize(1 + programs.split(" ").length).anyMatch(name -> name.startsWith(TRAMPOLINE));
                assertThat(seen).hasSizeGreaterThan(30);
            }
        }
    }

    /** Returns the symbols that a run has: those of the boot, and those of the programs that it loads. */
    private Symbols attach(TestMachines machines, Guest guest, String... programs) throws Exception {
        List<Path> includes = List.of(machines.facts().headers(), Path.of("/usr/include/x86_64-linux-gnu"));
        byte[] object = BpfCompiler.find()
                .compile(Path.of("src/test/resources/guest/trampolines.bpf.c"), includes, Duration.ofSeconds(60));
        BpfObject bpf = BpfObject.open(BpfObjectFile.read(Files.write(folder.resolve("object.bpf.o"), object)))
                .programs(programs)
                .load(guest);
        for (String program : programs) {
            bpf.program(program).attach();
        }
        return machines.facts().symbols().plus(bpf.symbols());
    }

    private static int stopAt(GdbStub gdb, long address) throws Exception {
        gdb.setBreakpoint(address);
        gdb.resume();
        int cpu = gdb.awaitStop(Deadline.in(PATIENCE));
        gdb.clearBreakpoint(address);
        return cpu;
    }

    private static void awaitSpinning(Guest guest, Symbols symbols, int cpu) throws Exception {
        Deadline deadline = Deadline.in(PATIENCE);
        while (symbols.at(guest.vm().registers().get(cpu).rip())
                .map(Symbol::name)
                .flatMap(SpinLockKind::in)
                .isEmpty()) {
            assertThat(deadline.expired()).isFalse();
            Poll.pause();
        }
    }

    private static void assertWhole(Stack stack) {
        assertThat(stack.context()).isEqualTo("task");
        assertThat(stack.frames()).as("%s", StoppedCpu.show(List.of(stack))).allMatch(Frame::certain);
        List<String> functions = stack.frames().stream().map(Frame::function).toList();
        assertThat(functions.subList(functions.size() - 2, functions.size()))
                .containsExactly("do_syscall_64", "entry_SYSCALL_64_after_hwframe");
    }

    private static int indexOf(List<String> functions, String beginning) {
        for (int i = 0; i < functions.size(); i++) {
            if (functions.get(i).startsWith(beginning)) {
                return i;
            }
        }
        throw new AssertionError("no " + beginning + " in " + functions);
    }
}
