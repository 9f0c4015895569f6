// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Map;

/**
 * Prints instructions in the words of the kernel (kernel/bpf/disasm.c), as test_loader wants them: without the opcode, and calls without
 * their numbers.
 */
final class Disassembly {
    private static final int LD = 0;
    private static final int LDX = 1;
    private static final int ST = 2;
    private static final int STX = 3;
    private static final int ALU = 4;
    private static final int JMP = 5;
    private static final int JMP32 = 6;

    private static final int BYTES = 8;
    private static final int WIDE_LOAD = 0x18;
    private static final int FETCH = 1;

    private static final String[] ARITHMETIC = {
        "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian", "?", "?"
    };
    private static final String[] COMPARISON = {
        "jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=", "?", "?"
    };
    private static final String[] UNSIGNED = {"u32", "u16", "u8", "u64"};
    private static final String[] SIGNED = {"s32", "s16", "s8", "?"};

    private final Map<Long, String> helpers;

    /** @param helpers names by number, without a prefix */
    Disassembly(Map<Long, String> helpers) {
        this.helpers = helpers;
    }

    private record Instruction(int code, int to, int from, int offset, int immediate) {
        int kind() {
            return code & 7;
        }

        int operation() {
            return code >> 4 & 0xf;
        }

        boolean usesRegister() {
            return (code & 8) != 0;
        }

        int size() {
            return code >> 3 & 3;
        }

        int mode() {
            return code & 0xe0;
        }
    }

    /** Returns a line for each instruction, with its number. */
    String text(ByteBuffer instructions) {
        ByteBuffer all = instructions.slice().order(ByteOrder.LITTLE_ENDIAN);
        StringBuilder text = new StringBuilder();
        for (int at = 0; at + BYTES <= all.limit(); at += BYTES) {
            Instruction one = at(all, at);
            boolean wide = one.code == WIDE_LOAD && at + 2 * BYTES <= all.limit();
            long upper = wide ? at(all, at + BYTES).immediate : 0;
            text.append(at / BYTES).append(": ").append(words(one, upper)).append('\n');
            at += wide ? BYTES : 0;
        }
        return text.toString();
    }

    private static Instruction at(ByteBuffer all, int at) {
        int registers = all.get(at + 1) & 0xff;
        return new Instruction(
                all.get(at) & 0xff, registers & 0xf, registers >> 4, all.getShort(at + 2), all.getInt(at + 4));
    }

    private String words(Instruction one, long upper) {
        return switch (one.kind()) {
            case LD -> load(one, upper);
            case LDX ->
                one.mode() == 0x60 || (one.mode() == 0x80 && one.size() != 3)
                        ? format(
                                "r%d = %s",
                                one.to,
                                memory(
                                        one.mode() == 0x60 ? UNSIGNED[one.size()] : SIGNED[one.size()],
                                        one.from,
                                        one.offset))
                        : format("BUG_ldx_%02x", one.code);
            case ST ->
                one.mode() == 0xc0
                        ? "nospec"
                        : format("%s = %d", memory(UNSIGNED[one.size()], one.to, one.offset), one.immediate);
            case STX -> store(one);
            case JMP, JMP32 -> jump(one);
            default -> arithmetic(one);
        };
    }

    private static String memory(String type, int register, int offset) {
        return format("*(%s *)(r%d %+d)", type, register, offset);
    }

    private static String load(Instruction one, long upper) {
        if (one.mode() == 0x20) {
            return format("r0 = *(%s *)skb[%d]", UNSIGNED[one.size()], one.immediate);
        }
        if (one.mode() == 0x40) {
            return format("r0 = *(%s *)skb[r%d + %d]", UNSIGNED[one.size()], one.from, one.immediate);
        }
        return one.code == WIDE_LOAD
                ? format("r%d = 0x%x", one.to, upper << 32 | Integer.toUnsignedLong(one.immediate))
                : format("BUG_ld_%02x", one.code);
    }

    private static String store(Instruction one) {
        String place = memory(UNSIGNED[one.size()], one.to, one.offset);
        if (one.mode() == 0x60) {
            return format("%s = r%d", place, one.from);
        }
        if (one.mode() != 0xc0 && one.mode() != 0xe0) {
            return format("BUG_%02x", one.code);
        }
        String probe = one.mode() == 0xe0 ? "probe " : "";
        String wide = one.size() == 3 ? "64" : "";
        return probe
                + switch (one.immediate) {
                    case 0x00, 0x40, 0x50, 0xa0 ->
                        format("lock %s %s r%d", place, ARITHMETIC[one.immediate >> 4], one.from);
                    case FETCH, 0x40 | FETCH, 0x50 | FETCH, 0xa0 | FETCH ->
                        format(
                                "r%d = atomic%s_fetch_%s((%s, r%d)",
                                one.from, wide, named(one.immediate), inner(place), one.from);
                    case 0xf0 | FETCH -> format("r0 = atomic%s_cmpxchg((%s, r0, r%d)", wide, inner(place), one.from);
                    case 0xe0 | FETCH ->
                        format("r%d = atomic%s_xchg((%s, r%d)", one.from, wide, inner(place), one.from);
                    case 0x100 ->
                        format(
                                "r%d = load_acquire((%s)",
                                one.to, inner(memory(UNSIGNED[one.size()], one.from, one.offset)));
                    case 0x110 -> format("store_release((%s, r%d)", inner(place), one.from);
                    default -> format("BUG_%02x", one.code);
                };
    }

    /** Those print the address as {@code (u64 *)(r1 +8)}, without the star before it. */
    private static String inner(String place) {
        return place.substring(2);
    }

    private static String named(int atomic) {
        return switch (atomic & 0xf0) {
            case 0x40 -> "or";
            case 0x50 -> "and";
            case 0xa0 -> "xor";
            default -> "add";
        };
    }

    private static String arithmetic(Instruction one) {
        char register = one.kind() == ALU ? 'w' : 'r';
        int operation = one.operation();
        if (operation == 0xd) {
            String how = one.kind() == ALU ? (one.usesRegister() ? "be" : "le") : "bswap";
            return format("r%d = %s%d r%d", one.to, how, one.immediate, one.to);
        }
        if (operation == 0x8) {
            return format("%c%d = -%c%d", register, one.to, register, one.to);
        }
        boolean mov = operation == 0xb && one.usesRegister();
        if (mov && one.kind() != ALU && one.offset == 1) {
            return format(
                    "r%d = addr_space_cast(r%d, %d, %d)",
                    one.to, one.from, one.immediate >>> 16, one.immediate & 0xffff);
        }
        if (mov && one.kind() != ALU && one.offset == -1) {
            return format("r%d = &(void __percpu *)(r%d)", one.to, one.from);
        }
        boolean division = (operation == 0x3 || operation == 0x9) && one.offset == 1;
        String sign = (division ? "s" : "") + ARITHMETIC[operation];
        if (!one.usesRegister()) {
            return format("%c%d %s %d", register, one.to, sign, one.immediate);
        }
        boolean extends_ = operation == 0xb && (one.offset == 8 || one.offset == 16 || one.offset == 32);
        return format(
                "%c%d %s %s%c%d", register, one.to, sign, extends_ ? "(s" + one.offset + ")" : "", register, one.from);
    }

    private String jump(Instruction one) {
        boolean narrow = one.kind() == JMP32;
        char register = narrow ? 'w' : 'r';
        switch (one.operation()) {
            case 0x8 -> {
                return call(one);
            }
            case 0x9 -> {
                return "exit";
            }
            case 0x0 -> {
                if (!narrow && one.usesRegister()) {
                    return format("gotox r%d", one.to);
                }
                return narrow ? format("gotol pc%+d", one.immediate) : format("goto pc%+d", one.offset);
            }
            case 0xe -> {
                return format("may_goto pc%+d", one.offset);
            }
            default -> {
                String sign = COMPARISON[one.operation()];
                return one.usesRegister()
                        ? format("if %c%d %s %c%d goto pc%+d", register, one.to, sign, register, one.from, one.offset)
                        : format("if %c%d %s 0x%x goto pc%+d", register, one.to, sign, one.immediate, one.offset);
            }
        }
    }

    /** The verifier keeps where a subprogram was called in the offset, once it has linked the programs. */
    private String call(Instruction one) {
        return switch (one.from) {
            case 0 -> "call " + helpers.getOrDefault((long) one.immediate, "unknown");
            case 1 -> format("call pc%+d", one.offset);
            case 2 -> "call kernel-function";
            default -> "call unknown";
        };
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
