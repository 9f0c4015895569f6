// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.forensics.unwind;

import io.ksplat.evidence.Frame;
import io.ksplat.kernel.Symbol;
import io.ksplat.kernel.internal.symbols.Symbols;
import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.forensics.memory.CachedMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** One unwinding: from the innermost frame outwards. Its bounds hold for any memory, also a hostile guest's. */
public final class StackWalk {
    public enum Next {
        CALLER,
        /** The caller, on another stack: code on the interrupt stack that a task called. */
        OTHER_STACK,
        /** What an interrupt, NMI or exception came into. */
        INTERRUPTED,
        NOTHING
    }

    /**
     * A frame, and what the frame after it is to it.
     *
     * @param code an address in the instruction that the frame is in
     */
    public record Step(Frame frame, long code, Next next) {}

    private static final int MOST_FRAMES = 256;
    private static final int MOST_STACK_SWITCHES = 16;
    private static final int MOST_SCANNED_FRAMES = 64;
    private static final long STACK_BYTES = 16 << 10;
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
    private final List<Step> steps = new ArrayList<>();

    private long ip;
    private long sp;
    private long bp;
    private boolean exact = true;
    private boolean certain = true;

    /** Where the frame's registers are: the CPU's own, or a saved struct pt_regs. Neither for a frame that called another. */
    private boolean live = true;

    private OptionalLong saved = OptionalLong.empty();
    private int stackSwitches;

    StackWalk(Symbols symbols, OrcTable table, long base, Registers registers, CachedMemory memory) {
        this.symbols = symbols;
        this.table = table;
        this.base = base;
        this.registers = registers;
        this.memory = memory;
        this.jitFrames = new JitFrames(memory);
        this.ip = registers.rip();
        this.sp = registers.get(Register.RSP);
        this.bp = registers.get(Register.RBP);
    }

    /** From a function on that has called another: its registers are what that one will give back. */
    static StackWalk ofCaller(Symbols symbols, OrcTable table, long base, Registers registers, CachedMemory memory) {
        StackWalk walk = new StackWalk(symbols, table, base, registers, memory);
        walk.exact = false;
        walk.live = false;
        return walk;
    }

    List<Step> steps() {
        Next next = Next.CALLER;
        while (next != Next.NOTHING && steps.size() < MOST_FRAMES) {
            Frame frame = frame();
            long code = codeAddress();
            next = advance();
            steps.add(new Step(frame, code, next));
            if (next == Next.NOTHING && !ended) {
                next = scan();
            }
        }
        return steps;
    }

    /** Whether the stack ended where its kernel says that it ends. */
    private boolean ended;

    private Frame frame() {
        Frame frame = symbols.at(codeAddress())
                .map(s -> Frame.of(s.name(), ip - s.address()))
                .orElseGet(() -> unnamed(ip));
        Frame placed = exact ? frame.asPointer() : frame;
        return certain ? placed : placed.uncertain();
    }

    static Frame unnamed(long address) {
        return new Frame(
                "0x" + Long.toHexString(address),
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                false,
                true);
    }

    /** An address in the instruction that this frame is in: a return address may be the first one of the next function. */
    private long codeAddress() {
        return exact ? ip : ip - 1;
    }

    /** Moves to the next frame. */
    private Next advance() {
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
        return name.startsWith("__x86_indirect_")
                || name.startsWith("__x86_return_thunk")
                || name.startsWith("retbleed_")
                || name.startsWith("srso_")
                || name.startsWith("its_");
    }

    /** Thunks play with the top of the stack; their caller's address is the first one there that is none of their own. */
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

    private static boolean isIndirect(OrcEntry.Base base) {
        return base != OrcEntry.Base.SP && base != OrcEntry.Base.BP;
    }

    private boolean onSameStack(long otherSp) {
        return Math.abs(otherSp - sp) < STACK_BYTES;
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

    /** A register's value in this frame, known only where the frame was interrupted. */
    private OptionalLong register(Register register, int indexInPtRegs) {
        if (live) {
            return OptionalLong.of(registers.get(register));
        }
        return saved.isPresent() ? memory.word(saved.getAsLong() + (long) indexInPtRegs * WORD) : OptionalLong.empty();
    }

    /**
     * Takes every return address left on the stack for a frame that may be, up to the registers that the hardware saved, from
     * where on unwinding is sure of its way again.
     */
    private Next scan() {
        certain = false;
        long end = (sp | (STACK_BYTES - 1)) + 1;
        int found = 0;
        for (long at = (sp + WORD - 1) & -WORD; at != end && found < MOST_SCANNED_FRAMES; at += WORD) {
            OptionalLong word = memory.word(at);
            if (word.isEmpty()) {
                return Next.NOTHING;
            }
            if (!symbols.isText(word.getAsLong())) {
                continue;
            }
            if (isInterruptFrame(at)) {
                ip = word.getAsLong();
                sp = memory.word(at + 3 * WORD).orElse(0);
                bp = memory.word(at - PT_REGS_IP + PT_REGS_BP).orElse(0);
                exact = true;
                live = false;
                saved = OptionalLong.of(at - PT_REGS_IP);
                if (++stackSwitches > MOST_STACK_SWITCHES) {
                    return Next.NOTHING;
                }
                markInterrupted();
                return Next.INTERRUPTED;
            }
            ip = word.getAsLong();
            exact = false;
            steps.add(new Step(frame(), codeAddress(), Next.CALLER));
            found++;
        }
        return Next.NOTHING;
    }

    private void markInterrupted() {
        int last = steps.size() - 1;
        steps.set(last, new Step(steps.get(last).frame(), steps.get(last).code(), Next.INTERRUPTED));
    }

    /** Whether the five words that an interrupt of kernel code pushes lie here: address, segment, flags, stack, segment. */
    private boolean isInterruptFrame(long at) {
        OptionalLong flags = memory.word(at + 2 * WORD);
        OptionalLong stack = memory.word(at + 3 * WORD);
        return memory.word(at + WORD).equals(OptionalLong.of(KERNEL_CODE_SEGMENT))
                && memory.word(at + 4 * WORD).equals(OptionalLong.of(KERNEL_STACK_SEGMENT))
                && flags.isPresent()
                && (flags.getAsLong() & ~0x3f_ffffL) == 0
                && (flags.getAsLong() & 2) != 0
                && stack.isPresent()
                && stack.getAsLong() < 0;
    }
}
