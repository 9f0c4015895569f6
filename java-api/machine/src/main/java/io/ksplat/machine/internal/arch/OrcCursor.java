// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Unwinds x86-64 by its kernel's ORC table (arch/x86/kernel/unwind_orc.c), and what the table does not describe by its code. */
final class OrcCursor extends FrameCursor {
    private static final int MOST_STACK_SWITCHES = 16;
    private static final int WORD = Long.BYTES;

    /** struct pt_regs, arch/x86/include/asm/ptrace.h: what the hardware saves is at its end. */
    private static final int PT_REGS_BP = 4 * WORD;

    private static final int PT_REGS_IP = 16 * WORD;
    private static final int PT_REGS_CS = 17 * WORD;
    private static final int PT_REGS_SP = 19 * WORD;

    private static final int KERNEL_CODE_SEGMENT = 0x10;
    private static final int KERNEL_STACK_SEGMENT = 0x18;
    private static final int USER_MODE = 3;
    private static final int THUNK_WORDS = 4;

    private final Symbols symbols;
    private final OrcTable table;
    private final long base;
    private final Registers registers;
    private final CachedMemory memory;
    private final JitFrames jitFrames;

    private long ip;
    private long sp;
    private long bp;
    private boolean exact;
    private boolean certain = true;
    private boolean ended;

    /** Where the frame's registers are: the CPU's own, or a saved struct pt_regs. Neither for a frame that called another. */
    private boolean live;

    private OptionalLong saved = OptionalLong.empty();
    private int stackSwitches;

    private OrcCursor(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory, boolean stopped) {
        this.symbols = symbols;
        this.table = table;
        this.base = OrcTable.base(symbols)
                .orElseThrow(() -> new IllegalArgumentException(
                        "cannot unwind: the symbols do not say where the ORC table is; give all of /proc/kallsyms"));
        this.registers = registers;
        this.memory = memory;
        this.jitFrames = new JitFrames(memory);
        this.ip = registers.rip();
        this.sp = registers.get(Register.RSP);
        this.bp = registers.get(Register.RBP);
        this.exact = stopped;
        this.live = stopped;
    }

    static OrcCursor atStop(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory) {
        return new OrcCursor(symbols, table, registers, memory, true);
    }

    static OrcCursor afterCall(Symbols symbols, OrcTable table, Registers registers, CachedMemory memory) {
        return new OrcCursor(symbols, table, registers, memory, false);
    }

    @Override
    public long ip() {
        return ip;
    }

    @Override
    public long sp() {
        return sp;
    }

    @Override
    public boolean isExact() {
        return exact;
    }

    @Override
    public boolean isCertain() {
        return certain;
    }

    @Override
    public boolean hasEnded() {
        return ended;
    }

    @Override
    public Next advance() {
        Optional<OrcEntry> entry = entry();
        if (entry.isEmpty() || entry.get().kind() == OrcEntry.Kind.UNDEFINED) {
            return Next.NOTHING;
        }
        if (entry.get().kind() == OrcEntry.Kind.END_OF_STACK) {
            ended = true;
            return Next.NOTHING;
        }
        return follow(entry.get());
    }

    private Optional<OrcEntry> entry() {
        Optional<Symbol> function = symbols.at(codeAddress());
        if (function.isEmpty()) {
            // A call through a bad pointer; the caller is what matters.
            boolean called = exact && memory.word(sp).stream().anyMatch(symbols::isText);
            return called ? Optional.of(OrcEntry.JUST_CALLED) : Optional.empty();
        }
        String name = function.get().name();
        if (function.get().module().isEmpty()) {
            Optional<OrcEntry> entry = table.find(codeAddress(), base);
            boolean undefined = entry.isEmpty() || entry.get().kind() == OrcEntry.Kind.UNDEFINED;
            return undefined && isThunk(name) ? throughThunk() : entry;
        }
        if (JitFrames.isJited(function.get())) {
            return Optional.of(jitFrames.entry(function.get(), ip, exact));
        }
        if (name.equals("ftrace_trampoline")) {
            return ftraceOriginal(function.get()).flatMap(original -> table.find(original, base));
        }
        certain = false;
        return Optional.of(OrcEntry.FRAME_POINTER);
    }

    /** A trampoline is a copy of one of two static ones, which have entries (unwind_orc.c, orc_ftrace_find). */
    private Optional<Long> ftraceOriginal(Symbol trampoline) {
        for (String name : List.of("ftrace_regs_caller", "ftrace_caller")) {
            OptionalLong original = symbols.address(name);
            if (original.isPresent() && sameCode(trampoline.address(), original.getAsLong())) {
                return Optional.of(original.getAsLong() + codeAddress() - trampoline.address());
            }
        }
        return Optional.empty();
    }

    private boolean sameCode(long one, long other) {
        for (int i = 0; i < 2 * WORD; i += WORD) {
            OptionalLong word = memory.word(one + i);
            if (word.isEmpty() || !word.equals(memory.word(other + i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isThunk(String name) {
        return X86_64.INSTANCE.functions().is(name, Role.THUNK);
    }

    /** A thunk rewrites the top of the stack; its caller's address is the first one there that lies in no thunk. */
    private Optional<OrcEntry> throughThunk() {
        for (int i = 0; i < THUNK_WORDS; i++) {
            OptionalLong word = memory.word(sp + (long) i * WORD);
            Optional<Symbol> caller = word.isPresent() ? symbols.at(word.getAsLong() - 1) : Optional.empty();
            if (caller.isPresent() && !isThunk(caller.get().name())) {
                return Optional.of(new OrcEntry(
                        OrcEntry.Base.SP, (i + 1) * WORD, OrcEntry.Base.UNDEFINED, 0, OrcEntry.Kind.CALL, false));
            }
        }
        return Optional.empty();
    }

    private Next follow(OrcEntry entry) {
        OptionalLong frameEnd = frameEnd(entry);
        if (frameEnd.isEmpty()) {
            return Next.NOTHING;
        }
        long end = frameEnd.getAsLong();
        long regs = entry.kind() == OrcEntry.Kind.REGS_PARTIAL ? end - PT_REGS_IP : end;
        boolean call = entry.kind() == OrcEntry.Kind.CALL;
        OptionalLong nextIp = memory.word(call ? end - WORD : regs + PT_REGS_IP);
        OptionalLong nextSp = call ? frameEnd : memory.word(regs + PT_REGS_SP);
        OptionalLong nextBp = frameBase(entry, end);
        if (nextIp.isEmpty() || nextSp.isEmpty() || nextBp.isEmpty()) {
            return Next.NOTHING;
        }
        if (!call) {
            OptionalLong cs = memory.word(regs + PT_REGS_CS);
            if (cs.isPresent() && (cs.getAsLong() & USER_MODE) == USER_MODE) {
                ended = true;
                return Next.NOTHING;
            }
        }
        boolean otherStack = !onSameStack(nextSp.getAsLong());
        boolean maySwitch = !call || isIndirect(entry.spBase());
        boolean wrongWay = !otherStack && Long.compareUnsigned(nextSp.getAsLong(), sp) <= 0;
        boolean strange = otherStack && (!maySwitch || ++stackSwitches > MOST_STACK_SWITCHES);
        boolean toText = symbols.isText(call ? nextIp.getAsLong() - 1 : nextIp.getAsLong());
        if (wrongWay || strange || (call && !toText)) {
            return Next.NOTHING;
        }
        if (call && isReturnHook(nextIp.getAsLong())) {
            sp = nextSp.getAsLong();
            return Next.NOTHING;
        }
        ip = nextIp.getAsLong();
        sp = nextSp.getAsLong();
        bp = nextBp.getAsLong();
        exact = entry.signal();
        if (entry.kind() != OrcEntry.Kind.REGS_PARTIAL) {
            live = false;
            saved = call ? OptionalLong.empty() : OptionalLong.of(regs);
        }
        if (!call) {
            return Next.INTERRUPTED;
        }
        return otherStack ? Next.OTHER_STACK : Next.CALLER;
    }

    /** Its caller is in a list of the task's, which the registers do not lead to. */
    private boolean isReturnHook(long returnAddress) {
        return symbols.at(returnAddress)
                .filter(symbol -> symbol.address() == returnAddress
                        && X86_64.INSTANCE.functions().is(symbol.name(), Role.RETURN_HOOK))
                .isPresent();
    }

    private static boolean isIndirect(OrcEntry.Base base) {
        return base != OrcEntry.Base.SP && base != OrcEntry.Base.BP;
    }

    private boolean onSameStack(long otherSp) {
        return Math.abs(otherSp - sp) < X86_64.INSTANCE.stackBytes();
    }

    /** The stack pointer before the call of this frame's function, or where its saved registers lie. */
    private OptionalLong frameEnd(OrcEntry entry) {
        int offset = entry.spOffset();
        return switch (entry.spBase()) {
            case SP -> OptionalLong.of(sp + offset);
            case BP -> OptionalLong.of(bp + offset);
            case SP_INDIRECT -> plus(memory.word(sp), offset);
            case BP_INDIRECT -> memory.word(bp + offset);
            case AX -> register(Register.RAX, 10);
            case DX -> register(Register.RDX, 12);
            case DI -> register(Register.RDI, 14);
            case R10 -> register(Register.R10, 7);
            case R13 -> register(Register.R13, 2);
            case UNDEFINED, PREV_SP, UNKNOWN -> OptionalLong.empty();
        };
    }

    private OptionalLong frameBase(OrcEntry entry, long frameEnd) {
        return switch (entry.bpBase()) {
            case UNDEFINED ->
                entry.kind() == OrcEntry.Kind.REGS ? memory.word(frameEnd + PT_REGS_BP) : OptionalLong.of(bp);
            case PREV_SP -> memory.word(frameEnd + entry.bpOffset());
            case BP -> memory.word(bp + entry.bpOffset());
            default -> OptionalLong.empty();
        };
    }

    private static OptionalLong plus(OptionalLong value, int offset) {
        return value.isPresent() ? OptionalLong.of(value.getAsLong() + offset) : value;
    }

    /** A register's value in this frame, known only if the frame was interrupted. */
    private OptionalLong register(Register register, int indexInPtRegs) {
        if (live) {
            return OptionalLong.of(registers.get(register));
        }
        return saved.isPresent() ? memory.word(saved.getAsLong() + (long) indexInPtRegs * WORD) : OptionalLong.empty();
    }

    @Override
    public void guess(long returnAddress) {
        certain = false;
        ip = returnAddress;
        exact = false;
    }

    /** The five words that an interrupt of kernel code pushes: address, segment, flags, stack, segment. */
    @Override
    public boolean isInterruptFrame(long address) {
        OptionalLong flags = memory.word(address + 2 * WORD);
        OptionalLong stack = memory.word(address + 3 * WORD);
        return memory.word(address + WORD).equals(OptionalLong.of(KERNEL_CODE_SEGMENT))
                && memory.word(address + 4 * WORD).equals(OptionalLong.of(KERNEL_STACK_SEGMENT))
                && flags.isPresent()
                && (flags.getAsLong() & ~0x3f_ffffL) == 0
                && (flags.getAsLong() & 2) != 0
                && stack.isPresent()
                && stack.getAsLong() < 0;
    }

    @Override
    public boolean resumeInterrupted(long address) {
        certain = false;
        ip = memory.word(address).orElse(0);
        sp = memory.word(address + 3 * WORD).orElse(0);
        bp = memory.word(address - PT_REGS_IP + PT_REGS_BP).orElse(0);
        exact = true;
        live = false;
        saved = OptionalLong.of(address - PT_REGS_IP);
        return ++stackSwitches <= MOST_STACK_SWITCHES;
    }
}
