// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.evidence.ConsoleParser;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Feeds a parser with a log that grows, and flushes it whenever the log is quiet. */
final class LogFollower {
    /** Milliseconds without a new line after which a report is told though more of it may come. */
    private static final long QUIET = 1000;

    private static final int PIECE = 64 * 1024;

    /** Pieces of standard input that wait: a fast writer waits for the parser. */
    private static final int MOST_PIECES = 16;

    private static final byte[] END = new byte[0];

    private LogFollower() {}

    static void follow(String file, ConsoleParser parser) throws IOException {
        try {
            if (file.equals("-")) {
                followInput(parser);
            } else {
                followFile(Path.of(file).toAbsolutePath(), parser);
            }
        } catch (InterruptedException | ClosedByInterruptException e) {
            // that is how a follower ends: what it has read is told
            Thread.currentThread().interrupt();
        }
    }

    private static void followInput(ConsoleParser parser) throws IOException, InterruptedException {
        BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(MOST_PIECES);
        IOException[] failed = new IOException[1];
        Thread reader = new Thread(
                () -> {
                    try (InputStream in = LogFiles.open("-")) {
                        byte[] buffer = new byte[PIECE];
                        for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                            pieces.put(Arrays.copyOf(buffer, length));
                        }
                    } catch (IOException e) {
                        failed[0] = e;
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    } finally {
                        end(pieces);
                    }
                },
                "parse-input");
        reader.setDaemon(true);
        reader.start();
        while (true) {
            byte[] piece = pieces.poll(QUIET, TimeUnit.MILLISECONDS);
            if (piece == null) {
                parser.flush();
            } else if (piece.length == 0) {
                break;
            } else {
                parser.feed(piece, 0, piece.length);
            }
        }
        reader.join();
        if (failed[0] != null) {
            throw new IOException("cannot read standard input: " + failed[0].getMessage(), failed[0]);
        }
    }

    private static void end(BlockingQueue<byte[]> pieces) {
        try {
            pieces.put(END);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A file that is replaced or cut is read from its beginning again: logs are rotated in both ways. */
    private static void followFile(Path file, ConsoleParser parser) throws IOException, InterruptedException {
        Path folder = Objects.requireNonNull(file.getParent(), "a file lies in a folder");
        try (WatchService watch = folder.getFileSystem().newWatchService()) {
            folder.register(
                    watch,
                    StandardWatchEventKinds.ENTRY_CREATE,
                    StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
            FileChannel log = open(file);
            try {
                Optional<Object> key = key(file);
                while (true) {
                    boolean read = drain(log, parser);
                    Optional<Object> now = key(file);
                    if (now.isPresent() && !now.equals(key)) {
                        drain(log, parser);
                        parser.flush();
                        log.close();
                        log = open(file);
                        key = now;
                        continue;
                    }
                    if (log.size() < log.position()) {
                        log.position(0);
                        continue;
                    }
                    WatchKey event = read ? watch.poll() : watch.poll(QUIET, TimeUnit.MILLISECONDS);
                    if (event != null) {
                        event.pollEvents();
                        event.reset();
                    } else if (!read) {
                        parser.flush();
                    }
                }
            } finally {
                log.close();
            }
        }
    }

    private static boolean drain(FileChannel log, ConsoleParser parser) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        boolean read = false;
        for (int length = log.read(piece); length > 0; length = log.read(piece)) {
            parser.feed(piece.array(), 0, length);
            piece.clear();
            read = true;
        }
        return read;
    }

    private static FileChannel open(Path file) throws IOException {
        try {
            return FileChannel.open(file);
        } catch (NoSuchFileException e) {
            throw (IOException) new FileNotFoundException("there is no file " + file).initCause(e);
        }
    }

    /** Returns what tells the file from another of its name; empty while there is none. */
    private static Optional<Object> key(Path file) {
        try {
            return Optional.ofNullable(
                    Files.readAttributes(file, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            // between the old log and the new one
            return Optional.empty();
        }
    }
}
