// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.snapshot;

import io.ksplat.machine.MachineException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;

/**
 * The state of a machine's devices and CPUs as QEMU saves it. It goes over a socket: so this process writes the file, and reports
 * why that fails.
 */
public final class SavedState {
    /** Run states as they are saved: a length, and a name padded with zeros (QEMU's migration/global_state.c). */
    private static final String DEBUG = "\0\0\0\6debug\0\0";

    private static final String PAUSED = "\0\0\0\7paused\0";

    private SavedState() {}

    /** Writes the state that a QEMU sends to a file; completes at the end of the stream. */
    public static CompletableFuture<Void> receive(SocketChannel stream, Path file) throws IOException {
        FileChannel to = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING);
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try (to) {
                        copy(stream, to);
                        done.complete(null);
                    } catch (IOException e) {
                        // Passed to whoever waits for QEMU to have saved.
                        done.completeExceptionally(e);
                    }
                },
                "ksplat-state");
        thread.setDaemon(true);
        thread.start();
        return done;
    }

    private static void copy(SocketChannel from, FileChannel to) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(128 << 10);
        IOException failure = null;
        while (from.read(buffer.clear()) >= 0) {
            buffer.flip();
            while (failure == null && buffer.hasRemaining()) {
                try {
                    to.write(buffer);
                } catch (IOException e) {
                    // A full disk, for example: the rest is read and dropped, so that QEMU can finish.
                    failure = e;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Changes the state of a machine that is stopped at a breakpoint into that of a paused one: QEMU refuses to restore the run
     * state "debug".
     *
     * @throws MachineException if the run state is not in it exactly once
     */
    public static byte[] paused(byte[] state) throws MachineException {
        String text = new String(state, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(DEBUG);
        if (at < 0 || text.indexOf(DEBUG, at + 1) >= 0) {
            throw new MachineException(
                    "the saved state does not say exactly once that the machine is at a breakpoint: this "
                            + "version of QEMU saves it in an unknown form");
        }
        byte[] changed = state.clone();
        byte[] paused = PAUSED.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(paused, 0, changed, at, paused.length);
        return changed;
    }

    /** Sends a state to a QEMU that waits for one on a socket. */
    static void send(byte[] state, Path socket) throws IOException {
        try (SocketChannel stream = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            stream.connect(UnixDomainSocketAddress.of(socket));
            ByteBuffer bytes = ByteBuffer.wrap(state);
            while (bytes.hasRemaining()) {
                stream.write(bytes);
            }
        }
    }
}
