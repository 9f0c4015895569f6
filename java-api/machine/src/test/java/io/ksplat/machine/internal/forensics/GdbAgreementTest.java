// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.bpf.BpfCompiler;
import io.ksplat.bpf.BpfLine;
import io.ksplat.bpf.BpfObject;
import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.Deadline;
import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.kernel.internal.symbols.Disassembler.Instruction;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.GuestProcess;
import io.ksplat.machine.MachineException;
import io.ksplat.machine.Register;
import io.ksplat.machine.internal.Guest;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.TestMachines;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.forensics.memory.SymbolNames;
import io.ksplat.machine.internal.forensics.unwind.SourceFrames;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.GuestMemory;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our stacks of hung CPUs against gdb's, which reads the same kernel's DWARF. A hang is a lock that is taken from outside, while a CPU
 * is about to take it itself, and given back by nobody: ten of them, each wanted by another function.
 *
 * Three more go through JITed code, one of them in an NMI.
 *
 * <p>Compared are functions and lines, inlined ones included, from the innermost on, up to where gdb ends: the kernel's entry code has
 * no DWARF that tells of its stacks. gdb also shows functions that left no trace on the stack, because they ended in a jump to the
 * next (tail calls): those are passed over, for no unwinder of the kernel's can see them. Nor does gdb see through JITed code, of which
 * it knows nothing: there the part above it is compared, and that our stack goes on, into what was interrupted too.
 */
@Tag("lockdep")
@Timeout(600)
class GdbAgreementTest {
    private static final int HANGS = 10;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Functions that take a lock while files come and go, and in the timer's interrupt; more than are needed. */
    private static final List<String> TAKERS = List.of(
            "dentry_kill",
            "tick_periodic",
            "alloc_fd",
            "hrtimer_run_queues",
            "lockref_get_not_dead",
            "update_wall_time",
            "new_inode",
            "__hrtimer_run_queues",
            "evict",
            "try_to_wake_up",
            "d_alloc",
            "d_instantiate",
            "rcu_sched_clock_irq",
            "rcu_nocb_lock",
            "__d_add",
            "file_close_fd",
            "lock_timer_base");

    private static final Pattern TAKES = Pattern.compile("(?:call|jmp)\\s+0x([0-9a-f]+).*");

    /**
     * Prints a frame a line, up to where assembly begins, which says nothing of its frames to gdb: its kind, function and line; and the
     * lock that the innermost of them have for an argument.
     */
    private static final String PRINT_FRAMES = """
            import gdb
            kinds = {gdb.NORMAL_FRAME: "normal", gdb.INLINE_FRAME: "inlined", gdb.TAILCALL_FRAME: "jump"}
            frame = gdb.newest_frame()
            while frame is not None and frame.name() is not None:
                sal = frame.find_sal()
                if sal.symtab is not None and sal.symtab.filename.endswith((".S", "/idtentry.h")):
                    break
                print("frame", kinds.get(frame.type(), "other"), frame.name(), sal.line)
                if frame.name() in ("virt_spin_lock", "queued_spin_lock_slowpath", "do_raw_spin_lock"):
                    lock = frame.read_var("lock")
                    print("lock", "unknown" if lock.is_optimized_out else "%x" % int(lock))
                frame = frame.older()
            """;

    @TempDir
    Path folder;

    private record Line(String function, int line, boolean inlined) {
        Line anyLine() {
            return new Line(function, 0, inlined);
        }
    }

    @Test
    void tellsTheSameFunctionsInTheSameOrderAsGdb() throws Exception {
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        Symbols symbols = machines.facts().symbols();
        List<String> contexts = new ArrayList<>();
        for (String taker : TAKERS) {
            if (contexts.size() == HANGS) {
                break;
            }
            try (Guest guest = machines.restore(folder)) {
                guest.spawnChurn(0);
                guest.spawnChurn(1);
                OptionalInt cpu = hang(guest.vm(), symbols, taker);
                if (cpu.isPresent()) {
                    Evidence found = analysis(machines, guest, symbols, List.of(), cpu.getAsInt());
                    if (compare(machines, guest.vm(), found, cpu.getAsInt(), 7)) {
                        contexts.add(found.stacks().get(0).context());
                    }
                }
            }
        }
        assertThat(contexts).hasSize(HANGS).contains("task", "irq");
    }

    /** A lock's taker whose caller is a trampoline: the kernel calls it for an fexit program. */
    @Test
    void tellsTheSameAboveATrampoline() throws Exception {
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        Path object = compile(machines, "src/test/resources/guest/around.bpf.c");
        List<String> through = new ArrayList<>();
        for (String taker : List.of("d_alloc", "alloc_fd", "new_inode", "d_instantiate")) {
            if (through.size() == 2) {
                break;
            }
            try (Guest guest = machines.restore(folder)) {
                BpfObject bpf = BpfObject.open(BpfObjectFile.read(object))
                        .programs("around_" + taker)
                        .load(guest);
                bpf.program("around_" + taker).attach();
                // Trampolines have names only since their programs were attached.
                Symbols symbols = Symbols.parse(guest.agent().readFile("/proc/kallsyms"));
                guest.spawnChurn(0);
                guest.spawnChurn(1);
                OptionalInt cpu = hang(guest.vm(), symbols, taker);
                if (cpu.isPresent()) {
                    Evidence found = analysis(machines, guest, symbols, bpf.lines(), cpu.getAsInt());
                    if (compare(machines, guest.vm(), found, cpu.getAsInt(), 6)) {
                        List<String> ours = functions(found.stacks().get(0));
                        int trampoline = indexOf(ours, "bpf_trampoline");
                        assertThat(ours.subList(0, trampoline)).contains(taker);
                        assertThat(ours.subList(trampoline, ours.size())).contains("do_syscall_64");
                        through.add(taker);
                    }
                }
            }
        }
        assertThat(through).hasSize(2);
    }

    /** The real deadlock of a task's last reference, dropped by a program in NMI, on top of code that holds the lock. */
    @Test
    void tellsTheSameOfAProgramsDeadlockInNmi() throws Exception {
        TestMachines machines = new TestMachines(TestMachines.LOCKDEP);
        Path object = compile(machines, "../../reproducers/kptr/nmi_task_kptr.bpf.c");
        try (Guest guest = machines.restore(folder, "rcu_nocbs=all")) {
            BpfObject bpf = BpfObject.open(BpfObjectFile.read(object))
                    .programs("stash_task", "references", "on_nmi")
                    .load(guest);
            GuestProcess child = guest.spawnParked(1);
            bpf.global("target_pid").set(child.pid());
            assertThat(bpf.program("stash_task").run()).isZero();
            child.exitAndReap();
            Deadline deadline = Deadline.in(PATIENCE);
            while (bpf.program("references").run() != 1) {
                assertThat(deadline.expired()).isFalse();
                Poll.pause();
            }
            bpf.program("on_nmi").attach();
            guest.spawnChurn(0);
            Symbols symbols = machines.facts().symbols().plus(bpf.symbols());
            nmiAt(guest.vm(), symbols.address("rcu_segcblist_enqueue").orElseThrow());
            awaitSpinning(guest.vm(), symbols, 0);

            Evidence found = analysis(machines, guest, symbols, bpf.lines(), 0);
            assertThat(compare(machines, guest.vm(), found, 0, 7)).isTrue();
            Stack nmi = found.stacks().get(0);
            Stack task = found.stacks().get(1);
            assertThat(nmi.context()).isEqualTo("nmi");
            List<String> ours = functions(nmi);
            int program = indexOf(ours, "bpf:on_nmi");
            assertThat(ours.subList(0, program)).contains("__call_rcu_common");
            assertThat(ours.subList(program, ours.size())).contains("bpf_trace_run3", "nmi_handle", "exc_nmi");
            assertThat(task.context()).isEqualTo("task");
            assertThat(functions(task)).startsWith("rcu_segcblist_enqueue");
            // A system call, or a kernel thread: the file load queues callbacks, rcuop moves them.
            assertThat(functions(task)).containsAnyOf("entry_SYSCALL_64_after_hwframe", "ret_from_fork_asm");
            assertThat(found.cycle()).hasSize(2);
        }
    }

    private static List<String> functions(Stack stack) {
        return stack.frames().stream()
                .filter(frame -> frame.certain() && !frame.inlined())
                .map(SymbolNames::base)
                .toList();
    }

    private static int indexOf(List<String> functions, String beginning) {
        for (int i = 0; i < functions.size(); i++) {
            if (functions.get(i).startsWith(beginning)) {
                return i;
            }
        }
        throw new AssertionError("no " + beginning + " in " + functions);
    }

    private Path compile(TestMachines machines, String source) throws Exception {
        List<Path> includes = List.of(machines.facts().headers(), Path.of("/usr/include/x86_64-linux-gnu"));
        return Files.write(
                folder.resolve("object.bpf.o"),
                BpfCompiler.find().compile(Path.of(source), includes, Duration.ofSeconds(60)));
    }

    /** Lets an NMI in when CPU 0 is about to run an instruction. */
    private static void nmiAt(VirtualMachine vm, long address) throws IOException {
        try (GdbStub gdb = vm.gdb()) {
            Deadline deadline = Deadline.in(PATIENCE);
            gdb.setBreakpoint(address);
            gdb.resume();
            while (gdb.awaitStop(deadline) != 0) {
                // On another CPU: it goes on without the breakpoint, which would stop it at the same place.
                gdb.clearBreakpoint(address);
                gdb.resume();
                gdb.interrupt();
                gdb.setBreakpoint(address);
                gdb.resume();
            }
            gdb.clearBreakpoint(address);
            vm.injectNmi();
            gdb.detach();
        }
    }

    /** Runs until a CPU is about to take a lock in this function, and takes the lock before it. Empty where none comes by. */
    private static OptionalInt hang(VirtualMachine vm, Symbols symbols, String taker) throws Exception {
        OptionalLong entry = symbols.address(taker);
        if (entry.isEmpty()) {
            return OptionalInt.empty();
        }
        try (GdbStub gdb = vm.gdb()) {
            Set<Long> calls = calls(gdb, symbols, symbols.at(entry.getAsLong()).orElseThrow());
            for (long call : calls) {
                gdb.setBreakpoint(call);
            }
            gdb.resume();
            int cpu;
            try {
                cpu = calls.isEmpty() ? -1 : gdb.awaitStop(Deadline.in(PATIENCE));
            } catch (MachineException.Late late) {
                gdb.interrupt();
                return OptionalInt.empty();
            }
            for (long call : calls) {
                gdb.clearBreakpoint(call);
            }
            long lock = cpu < 0 ? 0 : gdb.registers(cpu).get(Register.RDI);
            boolean free =
                    new CachedMemory(reader(gdb, Math.max(0, cpu))).word(lock).orElse(-1) << 32 == 0;
            if (!free) {
                return OptionalInt.empty();
            }
            gdb.write(cpu, lock, new byte[] {1, 0, 0, 0});
            gdb.detach();
            awaitSpinning(vm, symbols, cpu);
            return OptionalInt.of(cpu);
        }
    }

    /** Where a function calls one that takes a spin lock, or ends in a jump to it; at most as many as there are breakpoints. */
    private static Set<Long> calls(GdbStub gdb, Symbols symbols, Symbol function) throws Exception {
        byte[] code = gdb.read(0, function.address(), (int) function.size());
        Set<Long> calls = new TreeSet<>();
        for (Instruction instruction : Disassembler.disassemble(function.address(), code)) {
            Matcher call = TAKES.matcher(instruction.text());
            boolean takes = call.matches()
                    && symbols.at(Long.parseUnsignedLong(call.group(1), 16))
                            .filter(callee -> SpinLockKind.isLocking(callee.name()))
                            .isPresent();
            if (takes && calls.size() < 4) {
                calls.add(instruction.address());
            }
        }
        return calls;
    }

    private static GuestMemory reader(GdbStub gdb, int cpu) {
        return (address, length) -> gdb.read(cpu, address, length);
    }

    private static void awaitSpinning(VirtualMachine vm, Symbols symbols, int cpu) throws IOException {
        Deadline deadline = Deadline.in(PATIENCE);
        while (symbols.at(vm.registers().get(cpu).rip())
                .map(Symbol::name)
                .flatMap(SpinLockKind::in)
                .isEmpty()) {
            if (deadline.expired()) {
                throw new MachineException.Late("CPU " + cpu + " does not wait for the lock");
            }
            Poll.pause();
        }
    }

    private static Evidence analysis(TestMachines machines, Guest guest, Symbols symbols, List<BpfLine> lines, int cpu)
            throws Exception {
        SourceFrames sources = new SourceFrames(machines.facts().kernel(), symbols, lines);
        return machines.ofStuckCpu(guest, symbols, sources, cpu);
    }

    /** False if the CPU was not caught in the lock that it was to hang in, but in an interrupt: then it counts for nothing. */
    private boolean compare(TestMachines machines, VirtualMachine vm, Evidence found, int cpu, int leastFrames)
            throws Exception {
        Path vmlinux = machines.facts().kernel().debugVmlinux().orElseThrow();
        List<String> said = gdb(vmlinux, vm, cpu);
        List<Line> theirs = new ArrayList<>(said.stream()
                .filter(line -> line.startsWith("frame ") && !line.startsWith("frame jump"))
                .map(line -> line.split(" ", -1))
                .map(words -> new Line(words[2], Integer.parseInt(words[3]), words[1].equals("inlined")))
                .toList());
        List<Line> ours = new ArrayList<>();
        found.stacks().stream()
                .filter(stack -> stack.cpu().orElse(-1) == cpu)
                .map(Stack::frames)
                .flatMap(List::stream)
                .filter(frame -> !frame.file().orElse("").endsWith(".S"))
                .forEach(frame ->
                        ours.add(new Line(SymbolNames.base(frame), frame.line().orElse(0), frame.inlined())));
        System.out.printf("%s%n  gdb %d frames, ours %d%n", found.title(), theirs.size(), ours.size());
        assertThat(found.stacks().get(0).frames()).allMatch(Frame::certain);
        // An address in the middle of a statement: gdb and addr2line may take different rows of the line table.
        ours.set(0, ours.get(0).anyLine());
        theirs.set(0, theirs.get(0).anyLine());
        assertThat(ours.subList(0, Math.min(theirs.size(), ours.size()))).isEqualTo(theirs);

        // The owner is nobody, which no stack may be made to look like.
        List<String> locks =
                said.stream().filter(line -> line.startsWith("lock ")).toList();
        if (!locks.isEmpty()) {
            assertThat(theirs).as(String.join("\n", said)).hasSizeGreaterThanOrEqualTo(leastFrames);
            Details.Waits waits = (Details.Waits) found.details();
            assertThat(waits.waits())
                    .anyMatch(wait ->
                            locks.contains("lock " + wait.lock().address().orElse("none")));
        }
        return !locks.isEmpty();
    }

    private List<String> gdb(Path vmlinux, VirtualMachine vm, int cpu) throws Exception {
        Path script = Files.writeString(folder.resolve("frames.py"), PRINT_FRAMES);
        Path socket;
        try (GdbStub stub = vm.gdb()) {
            socket = vm.gdbSocket();
        }
        Process gdb = new ProcessBuilder(
                        "gdb",
                        "-nx",
                        "-batch",
                        vmlinux.toString(),
                        "-ex",
                        "target remote " + socket,
                        "-ex",
                        "thread " + (cpu + 1),
                        "-ex",
                        "source " + script)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("gdb.txt").toFile())
                .start();
        assertThat(gdb.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return new String(Files.readAllBytes(folder.resolve("gdb.txt")), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }
}
