// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Tells other processes which entries of a cache this one uses, until it ends: each is a shared lock on one byte of a file in the folder
 * of its kind. Who wants to remove an entry takes the same byte for itself. The system releases the locks of a process that dies.
 */
public final class CacheUse {
    private static final String FILE = ".using";
    private static final Map<Path, CacheUse> OPEN = new ConcurrentHashMap<>();

    /** An interrupt in a call closes the channel, and with it go all locks: nobody interrupts this thread. */
    private static final ExecutorService LOCKS = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "ksplat-cache");
        thread.setDaemon(true);
        return thread;
    });

    /** It stays open: to close any channel of a file releases all locks that the process has on it (fcntl(2)). */
    private final FileChannel channel;

    private final Set<String> used = ConcurrentHashMap.newKeySet();

    private CacheUse(FileChannel channel) {
        this.channel = channel;
    }

    /** What is done while nobody uses an entry. */
    @FunctionalInterface
    public interface Removal {
        boolean run() throws IOException;
    }

    /** Marks an entry as used by this process. Waits while somebody removes it. */
    public static void register(Path kind, String key) throws IOException {
        Optional<CacheUse> use = in(kind);
        if (use.isPresent() && !use.get().used.contains(key)) {
            use.get().share(key);
        }
    }

    /** Runs an action unless a process uses the entry, this one included; nobody begins to use it meanwhile. */
    public static boolean unlessUsed(Path kind, String key, Removal action) throws IOException {
        Optional<CacheUse> use = in(kind);
        return use.isPresent() && use.get().alone(key, action);
    }

    private static Optional<CacheUse> in(Path kind) throws IOException {
        CacheUse open = OPEN.get(kind);
        if (open == null) {
            synchronized (OPEN) {
                open = OPEN.get(kind);
                if (open == null) {
                    try {
                        open = new CacheUse(FileChannel.open(
                                kind.resolve(FILE),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE));
                    } catch (AccessDeniedException readOnly) {
                        // The cache of another user, who may remove what this one reads.
                        return Optional.empty();
                    }
                    OPEN.put(kind, open);
                }
            }
        }
        return Optional.of(open);
    }

    @SuppressWarnings("resource") // Released by the end of the process.
    private void share(String key) throws IOException {
        done(CompletableFuture.supplyAsync(
                () -> {
                    try {
                        if (!used.contains(key)) {
                            channel.lock(place(key), 1, true);
                            used.add(key);
                        }
                        return true;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                LOCKS));
    }

    private boolean alone(String key, Removal action) throws IOException {
        return done(CompletableFuture.supplyAsync(
                () -> {
                    try (FileLock lock = used.contains(key) ? null : channel.tryLock(place(key), 1, false)) {
                        return lock != null && action.run();
                    } catch (OverlappingFileLockException byThisProcess) {
                        return false;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                LOCKS));
    }

    private static boolean done(CompletableFuture<Boolean> work) throws IOException {
        try {
            return work.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UncheckedIOException io) {
                throw io.getCause();
            }
            throw e;
        }
    }

    /** Two keys of one kind share a byte in one of 2^62 cases. */
    private static long place(String key) {
        byte[] digest = Digests.sha256().digest(key.getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.wrap(digest).getLong() >>> 2;
    }
}
