// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

import io.ksplat.kernel.internal.CacheUse;
import io.ksplat.kernel.internal.UserFolders;
import io.ksplat.kernel.internal.WholeFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Keeps folders that are expensive to make. An entry lies at {@code ROOT/KIND/KEY}, and is there whole or not at all. Any number of
 * threads and processes may use a cache at once; each entry is made once.
 *
 * <pre>{@code
 * Cache cache = Cache.standard();
 * Path folder = cache.entry("notes", "7.2.13", fresh -> Files.writeString(fresh.resolve("text"), "made once"));
 * for (Cache.Entry entry : cache.entries("notes")) {
 *     System.out.println(entry.key() + ", " + entry.bytes() + " bytes");
 * }
 * }</pre>
 */
public final class Cache {
    private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

    /** Prefix of the folder of an entry that is being made or removed. */
    private static final String NEW = ".new-";

    /** Prefix of the file that is locked while an entry is made or removed. */
    private static final String LOCK = ".lock-";

    private final Path root;

    /** Opens a cache in a folder, which is made when the first entry is. */
    public Cache(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** Opens the user's cache: the system property {@code ksplat.cache}, else {@code $XDG_CACHE_HOME/ksplat}, else {@code ~/.cache/ksplat}. */
    public static Cache standard() {
        String own = System.getProperty("ksplat.cache");
        if (own != null && !own.isBlank()) {
            return new Cache(Path.of(own));
        }
        return new Cache(UserFolders.CACHE.ksplat());
    }

    /** Fills the folder of a new entry. */
    @FunctionalInterface
    public interface Builder<X extends Exception> {
        void build(Path folder) throws IOException, InterruptedException, X;
    }

    /** Work that no other thread or process does at the same time. */
    @FunctionalInterface
    public interface Action<T, X extends Exception> {
        T run() throws IOException, InterruptedException, X;
    }

    /** An entry of a cache. */
    public record Entry(String kind, String key, Path folder, long bytes, Instant lastUsed) {}

    /** Returns the folder that all entries lie in. */
    public Path root() {
        return root;
    }

    /**
     * Finds the folder of an entry, and marks the entry as used now; empty if there is none. Until this process ends,
     * {@link #removeUnused} does not remove it.
     */
    public Optional<Path> find(String kind, String key) throws IOException {
        Path folder = folder(kind, key);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        CacheUse.register(kindFolder(kind), key);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try {
            Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        } catch (AccessDeniedException readOnly) {
            // The cache of another user can be read; only the time of this use is lost.
        }
        return Optional.of(folder);
    }

    /** Returns the folder of an entry, and builds the entry first if there is none. Waits while another thread or process builds it. */
    public <X extends Exception> Path entry(String kind, String key, Builder<X> builder)
            throws IOException, InterruptedException, X {
        Optional<Path> there = find(kind, key);
        if (there.isPresent()) {
            return there.get();
        }
        return this.<Path, X>locked(kind, key, () -> {
            Optional<Path> made = find(kind, key);
            if (made.isPresent()) {
                return made.get();
            }
            Path fresh = kindFolder(kind).resolve(NEW + key);
            WholeFolder.remove(fresh); // left by a process that was killed: a live one would hold the lock
            Files.createDirectories(fresh);
            try {
                builder.build(fresh);
                markGrown();
                return Files.move(fresh, folder(kind, key), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                WholeFolder.remove(fresh);
            }
        });
    }

    /** Reads what is in the folder of an entry. */
    @FunctionalInterface
    public interface Reader<T> {
        T read(Path folder) throws IOException;
    }

    /**
     * Reads an entry, and builds it first if there is none. One that cannot be read, as a crash of the host or another version leaves it, is
     * built again, once.
     */
    public <T, X extends Exception> T read(String kind, String key, Builder<X> builder, Reader<T> reader)
            throws IOException, InterruptedException, X {
        Path there = entry(kind, key, builder);
        try {
            return reader.read(there);
        } catch (IOException damaged) {
            try {
                remove(kind, key);
                return reader.read(entry(kind, key, builder));
            } catch (IOException e) {
                e.addSuppressed(damaged);
                throw e;
            }
        }
    }

    /** Fills the folder of a new entry, and returns its key. */
    @FunctionalInterface
    public interface NamingBuilder<X extends Exception> {
        String build(Path folder) throws IOException, InterruptedException, X;
    }

    /**
     * Builds an entry whose key is known only when it is built, and returns its folder; keeps the older one if there is one of that key.
     *
     * @param work names the work: it is done once at a time
     */
    public <X extends Exception> Path entryNamed(String kind, String work, NamingBuilder<X> builder)
            throws IOException, InterruptedException, X {
        return this.<Path, X>locked(kind, work, () -> {
            Path fresh = kindFolder(kind).resolve(NEW + checked(work));
            WholeFolder.remove(fresh);
            Files.createDirectories(fresh);
            try {
                String key = builder.build(fresh);
                CacheUse.register(kindFolder(kind), key);
                Optional<Path> older = find(kind, key);
                markGrown();
                return older.isPresent()
                        ? older.get()
                        : Files.move(fresh, folder(kind, key), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                WholeFolder.remove(fresh);
            }
        });
    }

    /**
     * Runs an action while no other thread or process runs one under the same kind and key. Waits as long as the other one works: that
     * work has its own deadlines, and the system releases the lock of a process that dies.
     */
    public <T, X extends Exception> T locked(String kind, String key, Action<T, X> action)
            throws IOException, InterruptedException, X {
        Path file = kindFolder(kind).resolve(LOCK + key);
        Files.createDirectories(kindFolder(kind));
        // Who waits for the lock uses the key, so that its file is not removed.
        CacheUse.register(kindFolder(kind), checked(key));
        // A file lock belongs to the process: threads need a lock of their own.
        ReentrantLock threads = LOCKS.computeIfAbsent(file, f -> new ReentrantLock());
        threads.lockInterruptibly();
        try {
            if (threads.getHoldCount() > 1) {
                return action.run();
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.lock()) {
                if (!held.isValid()) {
                    throw new IOException("the lock " + file + " was lost");
                }
                return action.run();
            }
        } finally {
            threads.unlock();
        }
    }

    /** Removes the unfinished entries of processes that were killed. */
    public void sweep(String kind) throws IOException {
        List<Path> unfinished = new ArrayList<>();
        if (Files.isDirectory(kindFolder(kind))) {
            try (Stream<Path> folders = Files.list(kindFolder(kind))) {
                folders.filter(folder -> folder.getFileName().toString().startsWith(NEW))
                        .forEach(unfinished::add);
            }
        }
        for (Path folder : unfinished) {
            Path lock = kindFolder(kind)
                    .resolve(LOCK + folder.getFileName().toString().substring(NEW.length()));
            ReentrantLock threads = LOCKS.computeIfAbsent(lock, f -> new ReentrantLock());
            if (threads.isHeldByCurrentThread() || !threads.tryLock()) {
                continue;
            }
            try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.tryLock()) {
                // No lock: another process is making the entry just now.
                if (held != null) {
                    WholeFolder.remove(folder);
                }
            } finally {
                threads.unlock();
            }
        }
    }

    /** Lists the keys of a kind, sorted, without looking into the entries. */
    public List<String> keys(String kind) throws IOException {
        if (!Files.isDirectory(kindFolder(kind))) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(kindFolder(kind))) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .filter(key -> !key.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    /** Lists the entries of a kind, sorted by key. */
    public List<Entry> entries(String kind) throws IOException {
        List<Entry> found = new ArrayList<>();
        for (String key : keys(kind)) {
            Path folder = kindFolder(kind).resolve(key);
            Instant used = Files.getLastModifiedTime(folder).toInstant();
            found.add(new Entry(kind, key, folder, size(folder), used));
        }
        return found;
    }

    /** Removes an entry; returns false if there is none. */
    public boolean remove(String kind, String key) throws IOException, InterruptedException {
        return this.<Boolean, IOException>locked(kind, key, () -> {
            if (!Files.isDirectory(folder(kind, key))) {
                return false;
            }
            Path doomed = kindFolder(kind).resolve(NEW + key);
            WholeFolder.remove(doomed);
            Files.move(folder(kind, key), doomed, StandardCopyOption.ATOMIC_MOVE);
            WholeFolder.remove(doomed);
            return true;
        });
    }

    /** Removes an entry, and its lock, unless a process uses it, this one included; returns whether there was one and it is gone. */
    public boolean removeUnused(String kind, String key) throws IOException {
        if (!Files.isDirectory(kindFolder(kind))) {
            return false;
        }
        return CacheUse.unlessUsed(kindFolder(kind), checked(key), () -> {
            Path doomed = kindFolder(kind).resolve(NEW + key);
            WholeFolder.remove(doomed);
            boolean there = Files.exists(folder(kind, key));
            if (there) {
                Files.move(folder(kind, key), doomed, StandardCopyOption.ATOMIC_MOVE);
                WholeFolder.remove(doomed);
            }
            Files.deleteIfExists(kindFolder(kind).resolve(LOCK + key));
            return there;
        });
    }

    /** Returns whether a process uses an entry, this one included. */
    public boolean isUsed(String kind, String key) throws IOException {
        return !CacheUse.unlessUsed(kindFolder(kind), checked(key), () -> true);
    }

    /** Removes the locks of entries that are gone. */
    public void sweepLocks(String kind) throws IOException {
        List<String> keys = new ArrayList<>();
        try (Stream<Path> files = Files.list(kindFolder(kind))) {
            files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(LOCK))
                    .map(name -> name.substring(LOCK.length()))
                    .filter(key -> !Files.exists(kindFolder(kind).resolve(key)))
                    .forEach(keys::add);
        }
        for (String key : keys) {
            removeUnused(kind, key);
        }
    }

    /** Returns the file whose time tells when something was last added. */
    public Path grown() {
        return root.resolve(".grown");
    }

    private void markGrown() throws IOException {
        Files.write(grown(), new byte[0]);
    }

    private Path kindFolder(String kind) {
        return root.resolve(checked(kind));
    }

    private Path folder(String kind, String key) {
        return kindFolder(kind).resolve(checked(key));
    }

    private static String checked(String name) {
        if (name.isEmpty() || name.startsWith(".") || !name.matches("[A-Za-z0-9._+~=@-]{1,200}")) {
            throw new IllegalArgumentException("'" + name + "' cannot name an entry of the cache");
        }
        return name;
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            long sum = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sum += Files.size(file);
            }
            return sum;
        }
    }
}
