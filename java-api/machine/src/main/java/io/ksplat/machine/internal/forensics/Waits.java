// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Disassembler;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.Poll;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.Role;
import io.ksplat.machine.internal.forensics.hang.Awaited;
import io.ksplat.machine.internal.forensics.locks.Lock;
import io.ksplat.machine.internal.forensics.locks.Locks;
import io.ksplat.machine.internal.forensics.locks.SpinLockKind;
import io.ksplat.machine.internal.forensics.memory.KernelData;
import io.ksplat.machine.internal.qemu.GdbStub;
import io.ksplat.machine.internal.qemu.VirtualMachine;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds what the CPUs of a stopped machine wait for. */
final class Waits {
    private static final Logger LOG = LoggerFactory.getLogger(Waits.class);

    /** The limit of a function's code in bytes: no slow path of a lock is longer. */
    private static final int MOST_CODE = 8192;

    /** A loop that reads and compares a word has no more states at the boundaries of QEMU's translation blocks. */
    private static final int MOST_STATES = 3;

    private static final int STOPS = 8;
    private static final int MOST_STOPS = 40;

    /** What a vCPU must run between two stops that count. */
    private static final long RUN_NS = 1_000_000;

    private final VirtualMachine vm;
    private final Symbols symbols;
    private final GdbStub gdb;
    private final Supplier<KernelData> memory;

    /** @param memory reads afresh what may have changed since the last stop */
    Waits(VirtualMachine vm, Symbols symbols, GdbStub gdb, Supplier<KernelData> memory) {
        this.vm = vm;
        this.symbols = symbols;
        this.gdb = gdb;
        this.memory = memory;
    }

    /** Returns what a CPU waits for in a lock's slow path, or for another CPU; empty if it executes other code. */
    Optional<Awaited> known(Registers registers) throws InterruptedException {
        Optional<String> function = symbols.at(registers.rip()).map(Symbol::name);
        if (function.isEmpty() || is(function.get(), Role.TIMED)) {
            return Optional.empty();
        }
        if (is(function.get(), Role.CPU_WAIT)) {
            return Optional.of(new Awaited(Awaited.How.CPU, 0, 0));
        }
        Optional<SpinLockKind> kind = SpinLockKind.in(function.get());
        return kind.isEmpty() ? Optional.empty() : lock(accessed(registers), kind.get());
    }

    /** Returns the lock that a CPU polls in a slow path; empty if it is elsewhere, or if no lock that is held is read there. */
    Optional<Lock> polledLock(Registers registers) throws InterruptedException {
        Optional<SpinLockKind> kind =
                symbols.at(registers.rip()).map(Symbol::name).flatMap(SpinLockKind::in);
        return kind.isEmpty() ? Optional.empty() : held(accessed(registers), kind.get(), new Locks(memory.get()));
    }

    private static Optional<Lock> held(List<Long> accessed, SpinLockKind kind, Locks locks) {
        return accessed.stream()
                .flatMap(address -> locks.heldAt(address, kind).stream())
                .findFirst();
    }

    private Optional<Awaited> lock(List<Long> accessed, SpinLockKind kind) {
        Locks locks = new Locks(memory.get());
        return held(accessed, kind, locks)
                .map(lock -> new Awaited(
                        Awaited.How.LOCK, lock.address(), lock.owner().orElse(0)))
                .or(() -> accessed.stream()
                        .filter(locks::isTurnAwaited)
                        .findFirst()
                        .map(address -> new Awaited(Awaited.How.LOCK, address, 0)));
    }

    /**
     * Returns the memory that a CPU polls in a loop of which nothing is known. Lets the machine run meanwhile, and leaves it stopped.
     *
     * @return empty if the CPU's registers or that memory change, or the vCPU's run time is not known
     */
    Optional<Awaited> polled(int cpu) throws IOException, InterruptedException {
        long thread = vm.cpuThreads().get(cpu);
        OptionalLong ran = vm.ranNanos(thread);
        Registers first = registers(cpu);
        Optional<Symbol> function = symbols.at(first.rip());
        if (function.isEmpty()
                || is(function.get().name(), Role.TIMED)
                || is(function.get().name(), Role.DELAY)) {
            return Optional.empty();
        }
        Set<List<Long>> states = new HashSet<>();
        TreeMap<Long, Long> values = new TreeMap<>();
        int stops = 0;
        for (int tries = 0; tries < MOST_STOPS && stops < STOPS && ran.isPresent(); tries++) {
            gdb.resume();
            Poll.pause();
            gdb.interrupt();
            OptionalLong now = vm.ranNanos(thread);
            if (now.isEmpty() || now.getAsLong() - ran.getAsLong() < RUN_NS) {
                continue;
            }
            ran = now;
            Registers registers = registers(cpu);
            if (!symbols.at(registers.rip()).equals(function)) {
                // An interrupt, or the function was left: then there are too few stops in the end.
                continue;
            }
            stops++;
            states.add(
                    Arch.guest().generalRegisters().stream().map(registers::get).toList());
            if (states.size() > MOST_STATES) {
                return Optional.empty();
            }
            KernelData data = memory.get();
            for (long address : accessed(registers)) {
                OptionalLong value = data.word(address);
                Long before = value.isPresent() ? values.put(address, value.getAsLong()) : null;
                if (before != null && before != value.getAsLong()) {
                    return Optional.empty();
                }
            }
        }
        return stops < STOPS || values.isEmpty()
                ? Optional.empty()
                : Optional.of(new Awaited(
                        Awaited.How.MEMORY,
                        values.firstKey(),
                        values.firstEntry().getValue()));
    }

    private Registers registers(int cpu) throws IOException {
        return vm.registers().stream()
                .filter(registers -> registers.cpu() == cpu)
                .findFirst()
                .orElseThrow(() -> new IOException("QEMU does not tell the registers of CPU " + cpu));
    }

    /** Returns the memory that a CPU is about to access; nothing if its code cannot be read. */
    private List<Long> accessed(Registers registers) throws InterruptedException {
        Optional<Symbol> function = symbols.at(registers.rip());
        if (function.isEmpty()) {
            return List.of();
        }
        long start = function.get().address();
        try {
            byte[] code = gdb.read(registers.cpu(), start, (int)
                    Math.min(MOST_CODE, function.get().size()));
            return Arch.guest().accessed(Disassembler.disassemble(start, code), registers);
        } catch (KernelException | IOException e) {
            // Stacks without locks are evidence too.
            LOG.warn("cannot tell for what CPU {} waits: {}", registers.cpu(), e.getMessage());
            return List.of();
        }
    }

    private static boolean is(String function, Role role) {
        return Arch.guest().functions().is(function, role);
    }
}
