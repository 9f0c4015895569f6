// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The smallest programs, for guests that have none but the agent: an ELF header, one segment, a few instructions (elf(5)). */
enum LinuxProgram {
    /** {@code jmp .} */
    SPIN(0xeb, 0xfe),
    /** {@code mov $7, %edi; mov $60, %eax; syscall}: exit(7). */
    EXIT_7(0xbf, 7, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05),
    READ_MEMINFO(reading("/proc/meminfo")),
    READ_STAT(reading("/proc/stat"));

    private static final int HEADERS = 64 + 56;
    private static final long BASE = 0x400000;

    private final byte[] code;

    LinuxProgram(int... instructions) {
        code = new byte[instructions.length];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) instructions[i];
        }
    }

    /** open(path, O_RDONLY); read(it, below the stack, 4096); exit(0). */
    private static int[] reading(String path) {
        int[] code = {
            // lea path(%rip), %rdi; xor %esi, %esi; mov $2, %eax; syscall
            0x48,
            0x8d,
            0x3d,
            44,
            0,
            0,
            0,
            0x31,
            0xf6,
            0xb8,
            2,
            0,
            0,
            0,
            0x0f,
            0x05,
            // mov %eax, %edi; mov %rsp, %rsi; sub $4096, %rsi; mov $4096, %edx; xor %eax, %eax; syscall
            0x89,
            0xc7,
            0x48,
            0x89,
            0xe6,
            0x48,
            0x81,
            0xee,
            0,
            0x10,
            0,
            0,
            0xba,
            0,
            0x10,
            0,
            0,
            0x31,
            0xc0,
            0x0f,
            0x05,
            // xor %edi, %edi; mov $60, %eax; syscall; nop
            0x31,
            0xff,
            0xb8,
            60,
            0,
            0,
            0,
            0x0f,
            0x05,
            0x90,
            0x90,
            0x90,
            0x90,
            0x90
        };
        int[] whole = Arrays.copyOf(code, code.length + path.length() + 1);
        for (int i = 0; i < path.length(); i++) {
            whole[code.length + i] = path.charAt(i);
        }
        return whole;
    }

    /** Puts it into a guest and returns its path there. */
    String in(Guest guest) throws IOException {
        String path = "/" + name();
        guest.agent().writeProgram(path, elf());
        return path;
    }

    private byte[] elf() {
        long size = HEADERS + code.length;
        ByteBuffer file = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
        // ET_EXEC for EM_X86_64; entry, then program headers right after this one, no sections.
        file.putShort((short) 2)
                .putShort((short) 62)
                .putInt(1)
                .putLong(BASE + HEADERS)
                .putLong(64)
                .putLong(0);
        file.putInt(0)
                .putShort((short) 64)
                .putShort((short) 56)
                .putShort((short) 1)
                .putShort((short) 0);
        file.putShort((short) 0).putShort((short) 0);
        // PT_LOAD, readable and executable, the whole file.
        file.putInt(1)
                .putInt(5)
                .putLong(0)
                .putLong(BASE)
                .putLong(BASE)
                .putLong(size)
                .putLong(size)
                .putLong(4096);
        return file.put(code).array();
    }
}
