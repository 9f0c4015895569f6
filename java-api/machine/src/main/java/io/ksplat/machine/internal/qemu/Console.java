// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.MachineException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The guest's serial console: written to a file as it comes, and handed to one reader from a moment that is marked in the text
 * itself.
 */
public final class Console implements ConsoleLog, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Console.class);

    /** A guest that floods its console fills no disk. */
    static final long FILE_LIMIT = 64L << 20;

    private final SocketChannel channel;
    private final Path file;
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Marker marker;
    private volatile long lastByteNanos = System.nanoTime();
    private volatile long bytes;

    Console(SocketChannel channel, Path file) throws IOException {
        this(channel, file, new byte[0], false);
    }

    /**
     * Of a machine whose state was another's.
     *
     * @param before what that one said; it begins the file
     */
    public static Console restored(SocketChannel channel, Path file, byte[] before) throws IOException {
        return new Console(channel, file, before, true);
    }

    private Console(SocketChannel channel, Path file, byte[] before, boolean restored) throws IOException {
        this.channel = channel;
        this.file = file;
        this.marker = new Marker(restored);
        OutputStream log = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        try {
            log.write(before);
        } catch (IOException e) {
            log.close();
            throw e;
        }
        Thread thread = new Thread(() -> pump(log), "ksplat-console");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public Path file() {
        return file;
    }

    /** How many bytes have come so far. */
    public long bytes() {
        return bytes;
    }

    @Override
    public long lastByteNanos() {
        return lastByteNanos;
    }

    /**
     * From the line in which {@code token} stands on, hands all that follows to {@code reader}, and to no earlier one.
     *
     * @return completes when the token was seen
     */
    public CompletableFuture<Void> readAfter(String token, Reader reader) {
        return marker.set(token, reader);
    }

    /** Waits until nothing has come for a while, at most ten times as long: for what a machine that was just stopped has said. */
    public void awaitQuiet(Duration silence) throws IOException {
        Deadline deadline = Deadline.in(silence.multipliedBy(10));
        while (System.nanoTime() - lastByteNanos < silence.toNanos() && !deadline.expired()) {
            try {
                Thread.sleep(1);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MachineException("interrupted while reading the console", e);
            }
        }
    }

    /**
     * Hands all that has come since the machine was restored, and all that follows, to {@code reader}.
     *
     * @throws IllegalStateException for a machine that booted, or one whose reader is known already
     */
    public void readAll(Reader reader) {
        marker.open(reader);
    }

    /** Waits until the guest's end of the console is closed and all of it is in the file. */
    public void awaitEnd(Deadline deadline) throws IOException {
        try {
            end.get(deadline.remainingMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MachineException.Late("the console did not end in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while reading the console", e);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new MachineException("the console could not be kept: " + e, e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void pump(OutputStream log) {
        byte[] buffer = new byte[16 * 1024];
        ByteBuffer view = ByteBuffer.wrap(buffer);
        long total = 0;
        try (log) {
            while (channel.read(view.clear()) >= 0) {
                int length = view.position();
                lastByteNanos = System.nanoTime();
                keep(log, buffer, length, total);
                total += length;
                bytes = total;
                marker.feed(buffer, length);
            }
            end.complete(null);
        } catch (java.nio.channels.ClosedChannelException e) {
            end.complete(null);
        } catch (IOException e) {
            LOG.debug("console {}", file, e);
            end.completeExceptionally(e);
        } catch (RuntimeException e) {
            // The reader's, which is not the console's own: whoever waits must hear of it.
            LOG.warn("reading the console {}", file, e);
            end.completeExceptionally(e);
        }
    }

    private static void keep(OutputStream log, byte[] buffer, int length, long before) throws IOException {
        if (before >= FILE_LIMIT) {
            return;
        }
        log.write(buffer, 0, (int) Math.min(length, FILE_LIMIT - before));
        if (before + length >= FILE_LIMIT) {
            log.write("\n[ksplat: the rest of this console was not kept]\n".getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Finds the token in the stream, over the borders of what arrives. */
    private static final class Marker {
        private CompletableFuture<Void> seen = new CompletableFuture<>();
        private byte[] token = {};
        private int matched;
        private Reader reader = (buffer, offset, length) -> {};
        /** What came before anybody could say who reads it; of a restored machine only, which says little in that time. */
        private @Nullable ByteArrayOutputStream early;

        Marker(boolean keepsEarly) {
            early = keepsEarly ? new ByteArrayOutputStream() : null;
        }

        synchronized void open(Reader all) {
            ByteArrayOutputStream missed = early;
            if (missed == null || !seen.complete(null)) {
                throw new IllegalStateException(
                        "only what a restored machine says can be read from its beginning, once");
            }
            early = null;
            reader = all;
            all.feed(missed.toByteArray(), 0, missed.size());
        }

        synchronized CompletableFuture<Void> set(String text, Reader next) {
            token = text.getBytes(StandardCharsets.US_ASCII);
            early = null;
            matched = 0;
            reader = next;
            seen = new CompletableFuture<>();
            return seen;
        }

        /** How much of the token the stream ends in, now that {@code b} has come. */
        private int next(byte b) {
            int candidate = matched;
            while (token[candidate] != b) {
                if (candidate == 0) {
                    return 0;
                }
                // The longest end of what had matched that is also a beginning of the token.
                int shorter = candidate - 1;
                while (!Arrays.equals(token, 0, shorter, token, candidate - shorter, candidate)) {
                    shorter--;
                }
                candidate = shorter;
            }
            return candidate + 1;
        }

        synchronized void feed(byte[] buffer, int length) {
            int from = 0;
            ByteArrayOutputStream waiting = early;
            if (waiting != null && waiting.size() < FILE_LIMIT) {
                waiting.write(buffer, 0, length);
            }
            while (!seen.isDone() && token.length > 0 && from < length) {
                byte b = buffer[from++];
                matched = next(b);
                if (matched == token.length) {
                    seen.complete(null);
                }
            }
            if (seen.isDone() && from < length) {
                reader.feed(buffer, from, length - from);
            }
        }
    }
}
