// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Ends a stream with an error once more was read of it than it may have. */
final class Meter extends FilterInputStream {
    private long left;
    private String what;

    Meter(InputStream in) {
        super(in);
        this.left = 0;
        this.what = "";
    }

    /** Allows so many bytes from here on. */
    void allow(long bytes, String what) {
        this.left = bytes;
        this.what = what;
    }

    private int count(int read) throws IOException {
        left -= Math.max(0, read);
        if (left < 0) {
            throw new IOException(what);
        }
        return read;
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        count(read < 0 ? 0 : 1);
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        return count(super.read(buffer, offset, length));
    }

    /** Reads instead: what is skipped is decompressed all the same. */
    @Override
    public long skip(long bytes) throws IOException {
        return Math.max(0, read(new byte[(int) Math.min(Math.max(0, bytes), 64 << 10)]));
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
