// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;

/**
 * x86-64 code that calls functions of the guest's kernel, written over the body of a kernel function from outside, through the file
 * that is the guest's memory. That function must not have run before, and KASLR must be off. The stack is moved by what the
 * function's own prologue moves it, so that the kernel's tables for unwinding stay right.
 */
final class Sabotage {
    /** __START_KERNEL_map (arch/x86/include/asm/page_64_types.h). */
    private static final long KERNEL_MAP = 0xffffffff80000000L;

    private static final int[] FIRST_BYTE_OF_MOV = {0xbf48, 0xbe48, 0xba48, 0xb948, 0xb849};

    /** A prologue is shorter than this. */
    private static final int PROLOGUE = 128;

    private static final int ENTRY = 12;

    private final ByteBuffer code = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    private final Map<String, Long> symbols;

    Sabotage(Map<String, Long> symbols) {
        this.symbols = symbols;
    }

    /** Calls a function; arguments are numbers, or names of symbols. */
    Sabotage call(String function, Object... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            code.putShort((short) FIRST_BYTE_OF_MOV[i]);
            code.putLong(arguments[i] instanceof Number number ? number.longValue() : address((String) arguments[i]));
        }
        return callWithArguments(function);
    }

    /** Calls a function with whatever is in the registers. */
    Sabotage callWithArguments(String function) {
        // mov $function, %rax; call *%rax
        raw(0x48, 0xb8);
        code.putLong(address(function));
        return raw(0xff, 0xd0);
    }

    /** Keeps what the last function returned, as the next one's argument. */
    Sabotage keep() {
        // mov %rax, (%rsp)
        return raw(0x48, 0x89, 0x04, 0x24);
    }

    /** Calls a function with what was kept. */
    Sabotage callWithKept(String function) {
        // mov (%rsp), %rdi
        return raw(0x48, 0x8b, 0x3c, 0x24).callWithArguments(function);
    }

    /** Jumps back to where it all began. */
    Sabotage again() {
        raw(0xe9);
        code.putInt(-(code.position() + 4));
        return this;
    }

    /** Calls a function with the address of zeroes on the stack. */
    Sabotage callWithZeroes(String function, int bytes) {
        for (int i = 0; i < bytes; i += 8) {
            // movq $0, i(%rsp)
            raw(0x48, 0xc7, 0x84, 0x24);
            code.putInt(i).putInt(0);
        }
        // mov %rsp, %rdi
        return raw(0x48, 0x89, 0xe7).callWithArguments(function);
    }

    Sabotage raw(int... bytes) {
        for (int b : bytes) {
            code.put((byte) b);
        }
        return this;
    }

    /** Writes it over the body of {@code victim}, followed by a return of 0. */
    void over(String victim, Path ram) throws IOException {
        try (RandomAccessFile memory = new RandomAccessFile(ram.toFile(), "rw")) {
            long start = address(victim) - KERNEL_MAP;
            byte[] original = new byte[PROLOGUE];
            memory.seek(start);
            memory.readFully(original);
            Prologue prologue = Prologue.of(original);
            ByteBuffer entry = ByteBuffer.allocate(ENTRY).order(ByteOrder.LITTLE_ENDIAN);
            // sub $frame, %rsp; jmp body
            entry.put(new byte[] {0x48, (byte) 0x81, (byte) 0xec}).putInt(prologue.frame());
            entry.put((byte) 0xe9).putInt(prologue.length() - ENTRY);
            memory.seek(start);
            memory.write(entry.array());
            // xor %eax, %eax; add $frame, %rsp; ret
            raw(0x31, 0xc0, 0x48, 0x81, 0xc4);
            code.putInt(prologue.frame());
            raw(0xc3);
            memory.seek(start + prologue.length());
            memory.write(code.array(), 0, code.position());
        }
    }

    /**
     * What a function does to the stack before its body.
     *
     * @param length of it, in bytes
     * @param frame bytes that it pushes and reserves
     */
    private record Prologue(int length, int frame) {
        static Prologue of(byte[] code) {
            int frame = 0;
            for (int i = 0; i < code.length - 7; i++) {
                int b = code[i] & 0xff;
                int next = code[i + 1] & 0xff;
                if (b == 0x41 && next >= 0x54 && next <= 0x57) {
                    // push %r12 to %r15
                    frame += 8;
                    i++;
                } else if (b == 0x53 || b == 0x55) {
                    // push %rbx, %rbp
                    frame += 8;
                } else if (b == 0x48 && next == 0x83 && (code[i + 2] & 0xff) == 0xec) {
                    return new Prologue(i + 4, frame + code[i + 3]);
                } else if (b == 0x48 && next == 0x81 && (code[i + 2] & 0xff) == 0xec) {
                    int locals =
                            ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).getInt(i + 3);
                    return new Prologue(i + 7, frame + locals);
                }
            }
            throw new IllegalStateException("no prologue that reserves stack");
        }
    }

    private long address(String symbol) {
        Long address = symbols.get(symbol);
        if (address == null) {
            throw new IllegalArgumentException("the kernel has no symbol " + symbol);
        }
        return address;
    }
}
