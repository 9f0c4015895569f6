// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes what an archive or an image unpacks to a file, which may be more than it says. */
public final class BoundedCopy {
    private static final int BUFFER = 64 << 10;

    private BoundedCopy() {}

    /**
     * Copies a stream to its end.
     *
     * @param most bytes
     * @param what names the stream in the message if it has more: {@code WHAT more than N MiB}
     * @throws FileSystemException if the disk fails: that is no fault of what is read
     */
    public static void copy(InputStream from, Path to, long most, String what) throws IOException, KernelException {
        byte[] buffer = new byte[BUFFER];
        long sum = 0;
        try (OutputStream out = Files.newOutputStream(to)) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                sum += n;
                if (sum > most) {
                    throw new KernelException(what + " more than " + (most >> 20) + " MiB");
                }
                write(out, buffer, n, to);
            }
        }
    }

    private static void write(OutputStream out, byte[] buffer, int length, Path to) throws IOException {
        try {
            out.write(buffer, 0, length);
        } catch (IOException e) {
            FileSystemException disk = new FileSystemException(to.toString(), null, e.getMessage());
            disk.initCause(e);
            throw disk;
        }
    }
}
