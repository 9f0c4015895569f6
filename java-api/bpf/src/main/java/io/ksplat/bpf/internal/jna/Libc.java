// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.jna;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.PointerType;
import org.jspecify.annotations.Nullable;

/** The few functions of the C library that go with libbpf. */
public final class Libc {
    private static final NativeLibrary LIBRARY = NativeLibrary.getInstance("libc.so.6");

    static {
        Native.register(Libc.class, LIBRARY);
    }

    private Libc() {}

    /** C's {@code FILE *}. */
    public static final class File extends PointerType {}

    /**
     * A {@code va_list} parameter is a pointer on x86-64 (an array type) and on arm64 (a structure above 16 bytes), so
     * one that a callback received can be handed on.
     */
    public static native int vsnprintf(byte[] buffer, SizeT size, Pointer format, Pointer arguments);

    public static native @Nullable File fopen(String path, String mode);

    public static native int fputs(String text, File file);

    public static native int ferror(File file);

    public static native int fclose(File file);

    public static native String strerror(int error);

    /** MAP_FAILED, which is -1, where it fails. */
    public static native Pointer mmap(
            @Nullable Pointer at, SizeT length, int protection, int flags, int fd, long offset);

    public static native int munmap(Pointer at, SizeT length);

    public static native int close(int fd);

    /** The calling thread's, with pid 0. */
    public static native int sched_setaffinity(int pid, SizeT length, Pointer mask);

    /** Variadic, with three integers after the number: on x86-64 and arm64 they are passed as those of any function. */
    public static native long syscall(long number, long first, Pointer second, long third);

    /** Variadic too. */
    public static native int fcntl(int fd, int command, int argument);

    /** The address of {@code int vfprintf(FILE *, const char *, va_list)}, to be called by native code. */
    public static Pointer vfprintf() {
        return LIBRARY.getFunction("vfprintf");
    }
}
