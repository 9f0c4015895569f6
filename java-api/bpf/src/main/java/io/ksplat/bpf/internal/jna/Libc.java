// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.PointerType;
import org.jspecify.annotations.Nullable;

/** The functions of the C library that calls of libbpf need. */
public final class Libc {
    private static final NativeLibrary LIBRARY = NativeLibrary.getInstance("libc.so.6");

    static {
        Native.register(Libc.class, LIBRARY);
    }

    private Libc() {}

    /** C's {@code FILE *}. */
    public static final class File extends PointerType {}

    /**
     * Formats text. A {@code va_list} parameter is a pointer on x86-64 (an array type) and on arm64 (a structure of more than 16 bytes),
     * so a callback can pass on the one that it received.
     */
    public static native int vsnprintf(byte[] buffer, SizeT size, Pointer format, Pointer arguments);

    public static native @Nullable File fopen(String path, String mode);

    public static native int fputs(String text, File file);

    public static native int ferror(File file);

    public static native int fclose(File file);

    public static native String strerror(int error);

    /** Returns MAP_FAILED, which is -1, if it fails. */
    public static native Pointer mmap(
            @Nullable Pointer at, SizeT length, int protection, int flags, int fd, long offset);

    public static native int munmap(Pointer at, SizeT length);

    public static native int close(int fd);

    /** Sets the CPUs of a thread; pid 0 is the calling thread. */
    public static native int sched_setaffinity(int pid, SizeT length, Pointer mask);

    /** Variadic, with three integers after the number: x86-64 and arm64 pass them like those of any function. */
    public static native long syscall(long number, long first, Pointer second, long third);

    /** Variadic too. */
    public static native int fcntl(int fd, int command, int argument);

    /** Returns the address of {@code int vfprintf(FILE *, const char *, va_list)}, for native code to call. */
    public static Pointer vfprintf() {
        return LIBRARY.getFunction("vfprintf");
    }
}
