// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.RunResult;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.Libc;
import io.ksplat.bpf.internal.jna.SizeT;
import java.io.IOException;

/** A run of a program with BPF_PROG_TEST_RUN. It has a separate file descriptor of the program. Run it once, and close it. */
public final class RunningProgram implements AutoCloseable {
    private static final int F_DUPFD_CLOEXEC = 1030;

    /** The bytes that a program may add before and after the packet (XDP headroom and tailroom). */
    private static final int SLACK = 4096;

    private final String name;
    private final int repeat;
    private int fd;

    private RunningProgram(String name, int fd, int repeat) {
        this.name = name;
        this.fd = fd;
        this.repeat = repeat;
    }

    static RunningProgram of(String name, int fd, int repeat) throws BpfException {
        int own = Libc.fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (own < 0) {
            throw new BpfException("run program " + name, Native.getLastError(), "");
        }
        return new RunningProgram(name, own, repeat);
    }

    /** Pins the calling thread to a CPU for the rest of its life. */
    public static void pinThread(int cpu) throws BpfException {
        try (Memory mask = new Memory(128)) {
            mask.clear();
            if (cpu >= 0 && cpu < 8 * mask.size()) {
                mask.setByte(cpu / 8, (byte) (1 << cpu % 8));
            }
            if (Libc.sched_setaffinity(0, new SizeT(mask.size()), mask) != 0) {
                throw new BpfException("run on CPU " + cpu, Native.getLastError(), "");
            }
        }
    }

    /**
     * Runs the program on the calling thread, until it returns.
     *
     * @param context may be empty
     * @param packet may be empty
     * @param returnsContext whether the program type returns its context in a separate buffer
     * @throws BpfException if the kernel refuses it
     */
    public RunResult run(byte[] context, byte[] packet, boolean returnsContext) throws IOException {
        try (NativeCall call = NativeCall.open();
                Memory options = new Memory(80);
                Memory in = memory(context, 0);
                Memory out = memory(context, 0);
                Memory packetIn = memory(packet, 0);
                Memory packetOut = memory(packet, SLACK)) {
            // struct bpf_test_run_opts (bpf/bpf.h)
            options.clear();
            options.setLong(0, options.size());
            if (packet.length > 0) {
                options.setPointer(8, packetIn);
                options.setPointer(16, packetOut);
                options.setInt(24, packet.length);
                options.setInt(28, packet.length + SLACK);
            }
            if (context.length > 0) {
                options.setPointer(32, in);
                options.setInt(48, context.length);
                if (returnsContext) {
                    options.setPointer(40, out);
                    options.setInt(52, context.length);
                }
            }
            options.setInt(60, repeat);
            int error = Libbpf.bpf_prog_test_run_opts(fd, options);
            if (error < 0) {
                throw call.refused("BPF_PROG_TEST_RUN of " + name, -error);
            }
            return new RunResult(
                    options.getInt(56),
                    options.getInt(64) & 0xffffffffL,
                    context.length == 0
                            ? new byte[0]
                            : returnsContext
                                    ? out.getByteArray(0, Math.min(options.getInt(52), context.length))
                                    : in.getByteArray(0, context.length),
                    packet.length == 0
                            ? new byte[0]
                            : packetOut.getByteArray(0, Math.min(options.getInt(28), packet.length + SLACK)));
        }
    }

    private static Memory memory(byte[] bytes, int more) {
        Memory memory = new Memory(bytes.length + more + 1L);
        memory.clear();
        memory.write(0, bytes, 0, bytes.length);
        return memory;
    }

    @Override
    public synchronized void close() {
        if (fd >= 0) {
            Libc.close(fd);
            fd = -1;
        }
    }
}
