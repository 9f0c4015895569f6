// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.evidence.Stack;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.arch.Arch;
import io.ksplat.machine.internal.arch.FrameCursor;
import io.ksplat.machine.internal.arch.OrcTable;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.util.List;

/**
 * Unwinds the stacks of a stopped CPU as its kernel's own unwinder does, but from outside and without debug information.
 * Thread-safe.
 */
public final class Unwinder {
    private final Symbols symbols;
    private final OrcTable table;

    /**
     * Makes an unwinder for one boot of a kernel.
     *
     * @param symbols this boot's, JITed programs included
     * @param table this kernel image's, of any boot
     * @throws IllegalArgumentException if the symbols do not say where the table is
     */
    public Unwinder(Symbols symbols, OrcTable table) {
        if (OrcTable.base(symbols).isEmpty()) {
            throw new IllegalArgumentException(
                    "cannot unwind: the symbols do not say where the ORC table is; give all of /proc/kallsyms");
        }
        this.symbols = symbols;
        this.table = table;
    }

    /**
     * Returns what this CPU was doing, one stack for each context, the innermost first: {@code nmi}, {@code irq}, {@code softirq}
     * (run from a task, on the interrupt stack), {@code task}, or {@code user} if no kernel code ran. Never throws for what the
     * guest's memory holds: a stack that cannot be followed is as long as it is good, then continues with frames that are not
     * {@linkplain io.ksplat.evidence.Frame#certain() certain}.
     *
     * @param memory the CPU's kernel memory while the CPU is stopped
     */
    public List<Stack> unwind(Registers registers, GuestMemory memory) {
        return contexts(registers, memory).stream().map(ContextStack::stack).toList();
    }

    /** Does the same as {@link #unwind}, with the address of each frame. */
    public List<ContextStack> contexts(Registers registers, GuestMemory memory) {
        if (Arch.guest().inUserMode(registers)) {
            StackWalk.Step step = new StackWalk.Step(
                    StackWalk.unnamed(registers.rip()).asPointer(), registers.rip(), FrameCursor.Next.NOTHING);
            return List.of(new ContextStack(registers.cpu(), "user", List.of(step)));
        }
        CachedMemory stack = new CachedMemory(memory);
        FrameCursor innermost = Arch.guest().frames(symbols, table, registers, stack);
        return Contexts.split(registers.cpu(), new StackWalk(symbols, innermost, stack).steps());
    }

    /**
     * Returns the frames of a task that is on no CPU, from the function that called the scheduler outwards.
     *
     * @param sp the task's {@link Arch#savedStackPointer}
     * @return empty if its stack cannot be read
     */
    public List<StackWalk.Step> asleep(long sp, GuestMemory memory) {
        CachedMemory stack = new CachedMemory(memory);
        return Arch.guest()
                .sleeping(sp, stack)
                .map(left -> Arch.guest().callerFrames(symbols, table, left, stack))
                .map(caller -> new StackWalk(symbols, caller, stack).steps())
                .orElse(List.of());
    }
}
