// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import io.ksplat.kernel.internal.Deadline;
import io.ksplat.machine.ConsoleLog;
import io.ksplat.machine.MachineException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
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

/** The guest's serial console: written to a file, and passed to one reader from a marker in the output on. */
public final class Console implements ConsoleLog, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Console.class);

    /** Keeps a guest that floods its console from filling the disk. */
    static final long FILE_LIMIT = 64L << 20;

    private final ByteChannel channel;
    private final Path file;
    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private final Marker marker;
    private volatile long lastByteNanos = System.nanoTime();
    private volatile long bytes;
    private volatile boolean printsFacility;

    /** Opens a console. */
    public Console(ByteChannel channel, Path file) throws IOException {
        this(channel, file, new byte[0], false);
    }

    /**
     * Opens the console of a restored machine.
     *
     * @param before the output of the machine that was saved; the file begins with it
     */
    public static Console restored(ByteChannel channel, Path file, byte[] before) throws IOException {
        return new Console(channel, file, before, true);
    }

    private Console(ByteChannel channel, Path file, byte[] before, boolean restored) throws IOException {
        this.channel = channel;
        this.file = file;
        this.marker = new Marker(restored);
        this.printsFacility = hasPriority(before, before.length);
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

    /** Returns the number of bytes received so far. */
    public long bytes() {
        return bytes;
    }

    @Override
    public long lastByteNanos() {
        return lastByteNanos;
    }

    /**
     * Passes everything after {@code token} to {@code reader}, which replaces an earlier reader: that one gets everything up to its end.
     *
     * @return completes when the token is seen
     */
    public CompletableFuture<Void> readAfter(String token, Reader reader) {
        return marker.set(token, reader);
    }

    /** Waits until nothing was received for a time, at most ten times as long: for the output of a machine that was just stopped. */
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
     * Passes everything since the machine was restored to {@code reader}.
     *
     * @throws IllegalStateException if the machine was booted, or has a reader already
     */
    public void readAll(Reader reader) {
        marker.open(reader);
    }

    /** Types on the console. */
    public void type(byte[] keys, int length) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(keys, 0, length);
        synchronized (channel) {
            while (left.hasRemaining()) {
                channel.write(left);
            }
        }
    }

    /** Returns a future that completes when no more comes. */
    public CompletableFuture<Void> ended() {
        return end.copy();
    }

    /** Waits until the guest's end of the console is closed and all output is in the file. */
    public void awaitEnd(Deadline deadline) throws IOException {
        try {
            end.get(deadline.remainingMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MachineException.Late("the console was not closed in time");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MachineException("interrupted while reading the console", e);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new MachineException("cannot write the console: " + e, e);
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
                printsFacility = printsFacility || hasPriority(buffer, length);
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
            // The reader's fault, not the console's: pass it to whoever waits for the end.
            LOG.warn("reading the console {}", file, e);
            end.completeExceptionally(e);
        }
    }

    /** Seen, not known from the boot line, which may be the user's. */
    @Override
    public boolean printsFacility() {
        return printsFacility;
    }

    /** Returns whether a record begins with a priority, {@code <4>[}. One that is split between reads is not recognized; others follow. */
    private static boolean hasPriority(byte[] text, int length) {
        int at = 0;
        while (at < length) {
            int digit = at + 1;
            if (text[at] == '<') {
                while (digit < length && digit < at + 4 && text[digit] >= '0' && text[digit] <= '9') {
                    digit++;
                }
                if (digit > at + 1 && digit + 1 < length && text[digit] == '>' && text[digit + 1] == '[') {
                    return true;
                }
            }
            while (at < length && text[at] != '\n') {
                at++;
            }
            at++;
        }
        return false;
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

    /** Finds the token in the stream, also if it is split between reads. */
    private static final class Marker {
        private CompletableFuture<Void> seen = new CompletableFuture<>();
        private byte[] token = {};
        private int matched;
        private Reader reader = (buffer, offset, length) -> {};
        /** Reads until the token is seen. */
        private Reader before = reader;
        /** Output from before the reader is known; only of a restored machine, which prints little in that time. */
        private @Nullable ByteArrayOutputStream early;

        Marker(boolean keepsEarly) {
            early = keepsEarly ? new ByteArrayOutputStream() : null;
        }

        synchronized void open(Reader all) {
            ByteArrayOutputStream missed = early;
            if (missed == null || !seen.complete(null)) {
                throw new IllegalStateException(
                        "only a restored machine's console can be read from the beginning, and only once");
            }
            early = null;
            reader = all;
            all.feed(missed.toByteArray(), 0, missed.size());
        }

        synchronized CompletableFuture<Void> set(String text, Reader next) {
            token = text.getBytes(StandardCharsets.US_ASCII);
            early = null;
            matched = 0;
            if (seen.isDone()) {
                before = reader;
            }
            reader = next;
            seen = new CompletableFuture<>();
            return seen;
        }

        /** Returns how much of the token the stream ends in after {@code b}. */
        private int next(byte b) {
            int candidate = matched;
            while (token[candidate] != b) {
                if (candidate == 0) {
                    return 0;
                }
                // The longest suffix of the match that is also a prefix of the token.
                int shorter = candidate - 1;
                while (!Arrays.equals(token, 0, shorter, token, candidate - shorter, candidate)) {
                    shorter--;
                }
                candidate = shorter;
            }
            return candidate + 1;
        }

        /** Returns where the token ends; {@code length} if it does not yet. */
        private int afterToken(byte[] buffer, int length) {
            int at = 0;
            while (at < length && token.length > 0 && matched < token.length) {
                matched = next(buffer[at++]);
            }
            return token.length > 0 && matched == token.length ? at : length;
        }

        synchronized void feed(byte[] buffer, int length) {
            int from = 0;
            ByteArrayOutputStream waiting = early;
            if (waiting != null && waiting.size() < FILE_LIMIT) {
                waiting.write(buffer, 0, length);
            }
            if (!seen.isDone()) {
                from = afterToken(buffer, length);
                before.feed(buffer, 0, from);
                if (token.length > 0 && matched == token.length) {
                    seen.complete(null);
                }
            }
            if (seen.isDone() && from < length) {
                reader.feed(buffer, from, length - from);
            }
        }
    }
}
