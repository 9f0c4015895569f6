// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.internal.jna.Libc;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;

/** Reads a stream with BPF_PROG_STREAM_READ_BY_FD, which the kernel has since 6.17 and libbpf since 1.6. */
final class RunningStream {
    /** More than a stream can hold, 100,000 bytes (kernel/bpf/stream.c, BPF_STREAM_MAX_CAPACITY). */
    private static final int MOST = 128 << 10;

    private static final int STREAM_READ_BY_FD = 37;

    private RunningStream() {}

    static byte[] read(String program, int fd, int stream) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (Memory buffer = new Memory(MOST);
                Memory attributes = new Memory(24)) {
            while (text.size() < MOST) {
                // union bpf_attr: u64 stream_buf; u32 stream_buf_len, stream_id, prog_fd
                attributes.setPointer(0, buffer);
                attributes.setInt(8, MOST - text.size());
                attributes.setInt(12, stream);
                attributes.setInt(16, fd);
                attributes.setInt(20, 0);
                long read = Libc.syscall(systemCall(), STREAM_READ_BY_FD, attributes, attributes.size());
                if (read < 0) {
                    int errno = Native.getLastError();
                    throw new BpfException(
                            "read stream " + stream + " of program " + program
                                    + (errno == Errno.EINVAL
                                            ? ": this kernel has no BPF streams (6.17 and later have them)"
                                            : ""),
                            errno,
                            "");
                }
                if (read == 0) {
                    break;
                }
                text.writeBytes(Arrays.copyOf(buffer.getByteArray(0, (int) read), (int) read));
            }
        }
        return text.toByteArray();
    }

    /** __NR_bpf (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h). */
    private static long systemCall() {
        return System.getProperty("os.arch", "").toLowerCase(Locale.ROOT).equals("amd64") ? 321 : 280;
    }
}
