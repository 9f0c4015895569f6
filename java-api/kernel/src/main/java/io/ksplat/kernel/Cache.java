// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel;

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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Folders that were costly to make, each by a kind and a key, kept between runs. An entry is there whole or not at all;
 * any number of threads and processes may use one cache at once, and each entry is made once.
 */
public final class Cache {
    private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

    /** Before the key, the folder of an entry that is being made or removed, and the lock of whoever does it. */
    private static final String NEW = ".new-";

    private static final String LOCK = ".lock-";

    private final Path root;

    public Cache(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** The user's: the system property {@code ksplat.cache}, else {@code $XDG_CACHE_HOME/ksplat}, else {@code ~/.cache/ksplat}. */
    public static Cache standard() {
        String own = System.getProperty("ksplat.cache");
        if (own != null && !own.isBlank()) {
            return new Cache(Path.of(own));
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        // The specification of the base directories: a path that is not absolute is to be ignored.
        if (xdg != null && xdg.startsWith("/")) {
            return new Cache(Path.of(xdg, "ksplat"));
        }
        return new Cache(Path.of(System.getProperty("user.home"), ".cache", "ksplat"));
    }

    /** Fills the folder of a new entry. */
    @FunctionalInterface
    public interface Builder<X extends Exception> {
        void build(Path folder) throws IOException, InterruptedException, X;
    }

    /** Work that nobody else does at the same time. */
    @FunctionalInterface
    public interface Action<T, X extends Exception> {
        T run() throws IOException, InterruptedException, X;
    }

    /** An entry that is there. */
    public record Entry(String kind, String key, Path folder, long bytes, Instant lastUsed) {}

    public Path root() {
        return root;
    }

    /** The entry's folder, where there is one; it counts as used now. */
    public Optional<Path> find(String kind, String key) throws IOException {
        Path folder = folder(kind, key);
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try {
            Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
        } catch (NoSuchFileException removedMeanwhile) {
            return Optional.empty();
        } catch (AccessDeniedException readOnly) {
            // Somebody else's cache can be read all the same; only its age is not kept.
        }
        return Optional.of(folder);
    }

    /** The entry's folder, made now where there is none; waits while another thread or process makes it. */
    public <X extends Exception> Path entry(String kind, String key, Builder<X> builder)
            throws IOException, InterruptedException, X {
        Optional<Path> there = find(kind, key);
        if (there.isPresent()) {
            return there.get();
        }
        return this.<Path, X>locked(kind, key, () -> {
            Optional<Path> meanwhile = find(kind, key);
            if (meanwhile.isPresent()) {
                return meanwhile.get();
            }
            Path fresh = kindFolder(kind).resolve(NEW + key);
            delete(fresh); // of a process that was killed: whoever lives would hold the lock
            Files.createDirectories(fresh);
            try {
                builder.build(fresh);
                return Files.move(fresh, folder(kind, key), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(fresh);
            }
        });
    }

    /**
     * Runs while no other thread or process runs under the same name. The wait is as long as the other's work: that has
     * its own deadlines, and the system drops the lock of a process that dies.
     */
    public <T, X extends Exception> T locked(String kind, String key, Action<T, X> action)
            throws IOException, InterruptedException, X {
        Path file = kindFolder(kind).resolve(LOCK + key);
        Files.createDirectories(kindFolder(kind));
        // A file lock is the whole process's: threads need one of their own.
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

    /** Removes what processes that were killed have left of entries that they were making. */
    public void sweep(String kind) throws IOException {
        List<Path> begun = new ArrayList<>();
        if (Files.isDirectory(kindFolder(kind))) {
            try (Stream<Path> folders = Files.list(kindFolder(kind))) {
                folders.filter(folder -> folder.getFileName().toString().startsWith(NEW))
                        .forEach(begun::add);
            }
        }
        for (Path folder : begun) {
            Path lock = kindFolder(kind)
                    .resolve(LOCK + folder.getFileName().toString().substring(NEW.length()));
            ReentrantLock threads = LOCKS.computeIfAbsent(lock, f -> new ReentrantLock());
            if (threads.isHeldByCurrentThread() || !threads.tryLock()) {
                continue;
            }
            try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock held = channel.tryLock()) {
                // Not where another process is making it just now.
                if (held != null) {
                    delete(folder);
                }
            } finally {
                threads.unlock();
            }
        }
    }

    /** All entries of a kind, by key. */
    public List<Entry> entries(String kind) throws IOException {
        List<Entry> found = new ArrayList<>();
        if (!Files.isDirectory(kindFolder(kind))) {
            return found;
        }
        try (Stream<Path> folders = Files.list(kindFolder(kind))) {
            for (Path folder : folders.sorted().toList()) {
                String key = folder.getFileName().toString();
                if (!key.startsWith(".") && Files.isDirectory(folder)) {
                    Instant used = Files.getLastModifiedTime(folder).toInstant();
                    found.add(new Entry(kind, key, folder, size(folder), used));
                }
            }
        }
        return found;
    }

    /** Takes an entry away; false where there is none. */
    public boolean remove(String kind, String key) throws IOException, InterruptedException {
        return this.<Boolean, IOException>locked(kind, key, () -> {
            if (!Files.isDirectory(folder(kind, key))) {
                return false;
            }
            Path away = kindFolder(kind).resolve(NEW + key);
            delete(away);
            Files.move(folder(kind, key), away, StandardCopyOption.ATOMIC_MOVE);
            delete(away);
            return true;
        });
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

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
