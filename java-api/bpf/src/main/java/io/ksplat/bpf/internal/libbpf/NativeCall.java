// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.ksplat.bpf.BpfException;
import io.ksplat.bpf.LibbpfException;
import io.ksplat.bpf.internal.jna.Libbpf;
import io.ksplat.bpf.internal.jna.Libc;
import io.ksplat.bpf.internal.jna.SizeT;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A call of libbpf. While it is open, it collects what libbpf prints on this thread. Only the thread that opened it may use it.
 */
final class NativeCall implements AutoCloseable {
    private static final String SONAME = "libbpf.so.1";
    private static final ThreadLocal<@Nullable StringBuilder> LOG = new ThreadLocal<>();

    // libbpf keeps only the address of the function: without this field the garbage collector would free it
    private static final Libbpf.PrintFunction PRINT = NativeCall::print;

    private static boolean ready;

    private final StringBuilder log = new StringBuilder();

    private NativeCall() {
        LOG.set(log);
    }

    static NativeCall open() throws LibbpfException {
        prepare();
        return new NativeCall();
    }

    /** Makes the exception for a failed call. Must follow that call at once: the next native call replaces errno. */
    LibbpfException failed(String what) {
        return failed(what, Native.getLastError());
    }

    LibbpfException failed(String what, int errno) {
        String firstLine = log.toString().lines().findFirst().orElse("");
        String reason = firstLine.isEmpty() ? "" : " (" + firstLine + ")";
        return new LibbpfException(what + ": " + Libc.strerror(errno) + reason, log.toString());
    }

    /** As {@link #failed(String)}, for a call that the kernel refused. */
    BpfException refused(String what) {
        return refused(what, Native.getLastError());
    }

    BpfException refused(String what, int errno) {
        return new BpfException(what, errno, log.toString());
    }

    /** Returns what libbpf has printed so far. */
    String printed() {
        return log.toString();
    }

    @Override
    public void close() {
        LOG.remove();
    }

    private static synchronized void prepare() throws LibbpfException {
        if (!ready) {
            bind(SONAME);
            Libbpf.libbpf_set_print(PRINT);
            ready = true;
        }
    }

    static void bind(String soname) throws LibbpfException {
        try {
            Libbpf.bind(soname);
        } catch (UnsatisfiedLinkError e) {
            throw new LibbpfException(
                    soname + " (1.1 or newer) cannot be used: install the package libbpf1 ("
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + ")",
                    e);
        }
        int major = Libbpf.libbpf_major_version();
        int minor = Libbpf.libbpf_minor_version();
        if (major != 1 || minor < 1) {
            throw new LibbpfException(soname + " is " + Libbpf.libbpf_version_string()
                    + ", 1.1 or newer is needed: update the package libbpf1");
        }
    }

    private static int print(int level, Pointer format, Pointer arguments) {
        StringBuilder log = LOG.get();
        boolean debug = level > 1;
        if (log == null || debug) {
            return 0;
        }
        byte[] line = new byte[4096];
        int length = Libc.vsnprintf(line, new SizeT(line.length), format, arguments);
        log.append(new String(line, 0, Math.max(0, Math.min(length, line.length - 1)), StandardCharsets.UTF_8));
        return length;
    }
}
