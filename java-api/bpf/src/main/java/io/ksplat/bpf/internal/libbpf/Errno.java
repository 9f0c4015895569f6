// SPDX-License-Identifier: Apache-2.0
package io.ksplat.bpf.internal.libbpf;

/** The kernel's error numbers (include/uapi/asm-generic/errno.h, include/linux/errno.h). */
public final class Errno {
    public static final int ENOENT = 2;
    public static final int ENOTDIR = 20;
    public static final int ESRCH = 3;
    public static final int E2BIG = 7;
    public static final int EBADF = 9;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EINVAL = 22;
    public static final int ENOSPC = 28;
    public static final int EOPNOTSUPP = 95;

    /** A map type has no such operation. Internal to the kernel: no C library has a name for it. */
    public static final int ENOTSUPP = 524;

    private Errno() {}

    /** Returns "ENOENT" for 2, "errno 133" for a number without a name here, and "failed" for 0, a failure without a number. */
    public static String name(int errno) {
        return switch (errno) {
            case 0 -> "failed";
            case 1 -> "EPERM";
            case ENOENT -> "ENOENT";
            case ESRCH -> "ESRCH";
            case 4 -> "EINTR";
            case 5 -> "EIO";
            case E2BIG -> "E2BIG";
            case EBADF -> "EBADF";
            case 11 -> "EAGAIN";
            case 12 -> "ENOMEM";
            case 13 -> "EACCES";
            case 14 -> "EFAULT";
            case EBUSY -> "EBUSY";
            case EEXIST -> "EEXIST";
            case EINVAL -> "EINVAL";
            case 24 -> "EMFILE";
            case ENOSPC -> "ENOSPC";
            case 34 -> "ERANGE";
            case 35 -> "EDEADLK";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case 110 -> "ETIMEDOUT";
            case ENOTSUPP -> "ENOTSUPP";
            default -> "errno " + errno;
        };
    }
}
