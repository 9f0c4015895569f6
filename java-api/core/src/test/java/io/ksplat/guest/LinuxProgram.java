// SPDX-License-Identifier: Apache-2.0
package io.ksplat.guest;

import com.google.protobuf.ByteString;
import io.ksplat.guest.proto.Request;
import io.ksplat.guest.proto.WriteFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The smallest programs, for guests that have none but the agent: an ELF header, one segment, a few instructions (elf(5)). */
enum LinuxProgram {
    /** {@code jmp .} */
    SPIN(0xeb, 0xfe),
    /** {@code mov $7, %edi; mov $60, %eax; syscall}: exit(7). */
    EXIT_7(0xbf, 7, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05);

    private static final int HEADERS = 64 + 56;
    private static final long BASE = 0x400000;

    private final byte[] code;

    LinuxProgram(int... instructions) {
        code = new byte[instructions.length];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) instructions[i];
        }
    }

    /** Puts it into a guest and returns its path there. */
    String in(Guest guest) throws IOException {
        String path = "/" + name();
        guest.agent()
                .call(Request.newBuilder()
                        .setWriteFile(WriteFile.newBuilder()
                                .setPath(path)
                                .setMode(0755)
                                .setData(ByteString.copyFrom(elf()))));
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
