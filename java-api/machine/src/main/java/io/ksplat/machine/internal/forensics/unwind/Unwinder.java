// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.evidence.Stack;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import io.ksplat.machine.internal.qemu.GuestMemory;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The stacks of a stopped x86-64 CPU, as its kernel's own unwinder would tell them (arch/x86/kernel/unwind_orc.c), but from
 * outside and without debug information. Safe for use by many threads.
 */
public final class Unwinder {
    private static final int USER_MODE = 3;

    /** After r15 to r12 and rbx. */
    private static final int SAVED_BP = 5 * Long.BYTES;

    private final Symbols symbols;
    private final OrcTable table;
    private final long base;

    /**
     * An unwinder for one boot of a kernel.
     *
     * @param symbols this boot's, JITed programs included
     * @param table this kernel image's, of any boot
     * @throws IllegalArgumentException where the symbols do not say where the table lies
     */
    public Unwinder(Symbols symbols, OrcTable table) {
        OptionalLong start = OrcTable.base(symbols);
        if (start.isEmpty()) {
            throw new IllegalArgumentException(
                    "unwind: the symbols lack the ORC table's: give all of the kernel's /proc/kallsyms");
        }
        this.symbols = symbols;
        this.table = table;
        this.base = start.getAsLong();
    }

    /**
     * What this CPU was doing, one stack for each context, the innermost first: {@code nmi}, {@code irq}, {@code softirq} (run
     * from a task, on the interrupt stack), {@code task}, or {@code user} where no kernel code ran. Never throws for what the
     * guest's memory holds: a stack that cannot be followed is as long as it is good, then goes on with frames that are not
     * {@linkplain io.ksplat.evidence.Frame#certain() certain}.
     *
     * @param memory the CPU's kernel memory while the CPU stands still
     */
    public List<Stack> unwind(Registers registers, GuestMemory memory) {
        return layers(registers, memory).stream().map(ContextStack::stack).toList();
    }

    /** As {@link #unwind}, with the address of each frame. */
    public List<ContextStack> layers(Registers registers, GuestMemory memory) {
        boolean user = registers.rip() >= 0 && (registers.get(Register.CS) & USER_MODE) == USER_MODE;
        if (user) {
            StackWalk.Step step = new StackWalk.Step(
                    StackWalk.unnamed(registers.rip()).asPointer(), registers.rip(), StackWalk.Next.NOTHING);
            return List.of(new ContextStack(registers.cpu(), "user", List.of(step)));
        }
        StackWalk walk = new StackWalk(symbols, table, base, registers, new CachedMemory(memory));
        return Contexts.split(registers.cpu(), walk.steps());
    }

    /**
     * What a task does that is on no CPU: from where it called the scheduler on (struct inactive_task_frame,
     * arch/x86/include/asm/switch_to.h).
     *
     * @param sp its thread.sp
     */
    public List<StackWalk.Step> asleep(long sp, GuestMemory memory) {
        CachedMemory stack = new CachedMemory(memory);
        OptionalLong bp = stack.word(sp + SAVED_BP);
        OptionalLong returns = stack.word(sp + SAVED_BP + Long.BYTES);
        if (bp.isEmpty() || returns.isEmpty()) {
            return List.of();
        }
        Registers left = new Registers(
                0,
                Map.of(
                        Register.RIP,
                        returns.getAsLong(),
                        Register.RSP,
                        sp + SAVED_BP + 2 * Long.BYTES,
                        Register.RBP,
                        bp.getAsLong()));
        return StackWalk.ofCaller(symbols, table, base, left, stack).steps();
    }
}
