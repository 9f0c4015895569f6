// SPDX-License-Identifier: Apache-2.0
package io.ksplat.forensics;

import static org.assertj.core.api.Assertions.assertThat;

import io.ksplat.evidence.Details;
import io.ksplat.evidence.Evidence;
import io.ksplat.evidence.Frame;
import io.ksplat.evidence.Stack;
import io.ksplat.guest.Guest;
import io.ksplat.guest.Pace;
import io.ksplat.guest.Templates;
import io.ksplat.guest.TestMachines;
import io.ksplat.kernel.Disassembler;
import io.ksplat.kernel.Disassembler.Instruction;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.Symbols;
import io.ksplat.vm.Deadline;
import io.ksplat.vm.GdbStub;
import io.ksplat.vm.GuestMemory;
import io.ksplat.vm.MachineException;
import io.ksplat.vm.Register;
import io.ksplat.vm.VirtualMachine;
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
 * <p>Compared are functions and lines, inlined ones included, from the innermost on, up to where gdb ends: the kernel's entry code has
 * no DWARF that tells of its stacks. gdb also shows functions that left no trace on the stack, because they ended in a jump to the
 * next (tail calls): those are passed over, for no unwinder of the kernel's can see them.
 */
@Tag("machine")
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
        TestMachines machines = new TestMachines("source:7.3+lockdep");
        Symbols symbols = machines.facts().symbols();
        List<String> contexts = new ArrayList<>();
        for (String taker : TAKERS) {
            if (contexts.size() == HANGS) {
                break;
            }
            try (Guest guest = start(machines)) {
                guest.spawnChurn(0);
                guest.spawnChurn(1);
                OptionalInt cpu = hang(guest.vm(), symbols, taker);
                if (cpu.isPresent()) {
                    Evidence found = autopsy(machines, guest, symbols, cpu.getAsInt());
                    if (compare(machines, guest.vm(), found, cpu.getAsInt())) {
                        contexts.add(found.stacks().get(0).context());
                    }
                }
            }
        }
        assertThat(contexts).hasSize(HANGS).contains("task", "irq");
    }

    private Guest start(TestMachines machines) throws Exception {
        return new Templates(machines.host(), machines.cache())
                .start(machines.facts().kernel(), machines.config(), folder.resolve("console.log"), 0, Progress.NONE)
                .guest();
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
                    new StackMemory(reader(gdb, Math.max(0, cpu))).word(lock).orElse(-1) << 32 == 0;
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
                            .filter(callee -> Spinning.isLocking(callee.name()))
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
                .flatMap(Spinning::in)
                .isEmpty()) {
            if (deadline.expired()) {
                throw new MachineException.Late("CPU " + cpu + " does not wait for the lock");
            }
            Pace.pause();
        }
    }

    private static Evidence autopsy(TestMachines machines, Guest guest, Symbols symbols, int cpu) throws Exception {
        Diagnosis diagnosis = new Diagnosis(
                List.of(new Diagnosis.Stuck(cpu, 0, 0, true, Set.of("queued_spin_lock_slowpath"))), List.of(), false);
        SourceFrames sources = new SourceFrames(machines.facts().kernel(), symbols, List.of());
        return new Autopsy(guest.vm(), machines.facts(), symbols, sources, machines.cache())
                .of(diagnosis)
                .evidence();
    }

    /** False where the CPU was not caught in the lock that it was to hang in: then it is none of the ten. */
    private boolean compare(TestMachines machines, VirtualMachine vm, Evidence found, int cpu) throws Exception {
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
                        ours.add(new Line(Names.base(frame), frame.line().orElse(0), frame.inlined())));
        System.out.printf("%s%n  gdb %d frames, ours %d%n", found.title(), theirs.size(), ours.size());
        assertThat(found.stacks().get(0).frames()).allMatch(Frame::certain);
        assertThat(theirs).as(String.join("\n", said)).hasSizeGreaterThan(6);
        // An address in the middle of a statement: gdb and addr2line may take different rows of the line table.
        ours.set(0, ours.get(0).anyLine());
        theirs.set(0, theirs.get(0).anyLine());
        assertThat(ours.subList(0, Math.min(theirs.size(), ours.size()))).isEqualTo(theirs);

        // The owner is nobody, which no stack may be made to look like.
        List<String> locks =
                said.stream().filter(line -> line.startsWith("lock ")).toList();
        if (!locks.isEmpty()) {
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
