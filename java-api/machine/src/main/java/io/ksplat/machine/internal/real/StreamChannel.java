// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.real;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;

/** The standard streams of a process as a channel. Closing it ends the process. */
final class StreamChannel implements ByteChannel {
    private final InputStream in;
    private final OutputStream out;
    private final Runnable end;
    private volatile boolean closed;

    StreamChannel(InputStream in, OutputStream out, Runnable end) {
        this.in = in;
        this.out = out;
        this.end = end;
    }

    static StreamChannel of(Process process) {
        return new StreamChannel(process.getInputStream(), process.getOutputStream(), () -> Outcome.kill(process));
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        byte[] bytes = new byte[Math.min(to.remaining(), 64 << 10)];
        int read = open().read(bytes);
        if (read > 0) {
            to.put(bytes, 0, read);
        }
        return read;
    }

    private InputStream open() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        return in;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        byte[] bytes = new byte[from.remaining()];
        from.get(bytes);
        out.write(bytes);
        out.flush();
        return bytes.length;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    /** A thread that reads does not notice: the process that ends ends its stream. */
    @Override
    public void close() {
        closed = true;
        end.run();
    }
}
