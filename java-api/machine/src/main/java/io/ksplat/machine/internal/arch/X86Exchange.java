// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.arch;

import io.ksplat.machine.Register;
import io.ksplat.machine.Registers;
import io.ksplat.machine.internal.qemu.LittleEndian;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads instructions that exchange memory atomically: xchg, and with the prefix lock cmpxchg, xadd and bts. What only counts
 * (lock inc) takes no lock.
 *
 * <p>The encoding is that of Intel's manual, volume 2, chapter 2 and appendix A.
 */
final class X86Exchange {
    /** The registers in the order of their numbers in an instruction. */
    private static final List<Register> NUMBERED = List.of(
            Register.RAX,
            Register.RCX,
            Register.RDX,
            Register.RBX,
            Register.RSP,
            Register.RBP,
            Register.RSI,
            Register.RDI,
            Register.R8,
            Register.R9,
            Register.R10,
            Register.R11,
            Register.R12,
            Register.R13,
            Register.R14,
            Register.R15);

    private static final int LOCK = 0xf0;
    /** The width of the operand, hints of transactions, and segments that are of no effect in 64 bits. */
    private static final Set<Integer> OTHER_PREFIXES = Set.of(0x66, 0xf2, 0xf3, 0x2e, 0x3e);

    private static final Set<Integer> XCHG = Set.of(0x86, 0x87);
    private static final int TWO_BYTES = 0x0f;
    /** cmpxchg, xadd, bts with the bit in a register, cmpxchg8b. */
    private static final Set<Integer> LOCKED = Set.of(0xb0, 0xb1, 0xc0, 0xc1, 0xab, 0xc7);
    /** bts among others, with the bit in a byte behind the operand. */
    private static final int BIT_IN_BYTE = 0xba;

    private static final int BTS = 5;
    private static final int NO_MEMORY = 3;
    private static final int SIB = 4;
    private static final int NO_INDEX = 4;
    private static final int DISPLACEMENT_ONLY = 5;

    private final byte[] code;
    private final Registers registers;
    private int at;
    private int rex;

    private X86Exchange(byte[] code, Registers registers) {
        this.code = code.clone();
        this.registers = registers;
    }

    /** Returns the address of the memory; empty if it is another instruction, or is cut off. */
    static OptionalLong memory(byte[] code, Registers registers) {
        try {
            return new X86Exchange(code, registers).memory();
        } catch (IndexOutOfBoundsException cut) {
            return OptionalLong.empty();
        }
    }

    private OptionalLong memory() {
        boolean locked = false;
        while (peek() == LOCK || OTHER_PREFIXES.contains(peek())) {
            locked |= next() == LOCK;
        }
        if ((peek() & 0xf0) == 0x40) {
            rex = next();
        }
        int opcode = next();
        if (XCHG.contains(opcode)) {
            return operand(0);
        }
        if (opcode != TWO_BYTES || !locked) {
            return OptionalLong.empty();
        }
        int second = next();
        if (second == BIT_IN_BYTE) {
            return (peek() >> 3 & 7) == BTS ? operand(1) : OptionalLong.empty();
        }
        return LOCKED.contains(second) ? operand(0) : OptionalLong.empty();
    }

    /**
     * Returns the address of a memory operand.
     *
     * @param behind how many bytes of the instruction come behind it
     */
    private OptionalLong operand(int behind) {
        int modrm = next();
        int mode = modrm >> 6;
        int base = modrm & 7;
        if (mode == NO_MEMORY) {
            return OptionalLong.empty();
        }
        long address = 0;
        if (base == SIB) {
            int sib = next();
            int index = (sib >> 3 & 7) | (rex & 2) << 2;
            base = sib & 7;
            address += index == NO_INDEX ? 0 : value(index) << (sib >> 6);
        } else if (mode == 0 && base == DISPLACEMENT_ONLY) {
            int distance = displacement();
            return OptionalLong.of(registers.rip() + at + behind + distance);
        }
        if (mode == 0 && base == DISPLACEMENT_ONLY) {
            return OptionalLong.of(address + displacement());
        }
        address += value(base | (rex & 1) << 3);
        return OptionalLong.of(address + (mode == 0 ? 0 : mode == 1 ? (byte) next() : displacement()));
    }

    private long value(int number) {
        return registers.get(NUMBERED.get(number));
    }

    private int displacement() {
        Objects.checkFromIndexSize(at, Integer.BYTES, code.length);
        int value = LittleEndian.int32(Arrays.copyOfRange(code, at, at + Integer.BYTES));
        at += Integer.BYTES;
        return value;
    }

    private int peek() {
        return code[at] & 0xff;
    }

    private int next() {
        return code[at++] & 0xff;
    }
}
