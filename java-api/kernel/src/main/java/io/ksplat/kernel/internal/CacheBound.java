// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Keeps a cache below a size: removes what was not used for longest, but nothing that a process uses, and with a kernel all that was
 * derived from it.
 */
public final class CacheBound {
    /** The bound that ksplat keeps by itself, and the variable that sets another: {@code 50G}; 0 means none. */
    public static final long DEFAULT_BYTES = 20L << 30;

    public static final String VARIABLE = "KSPLAT_CACHE_MAX";

    /** What nobody used for so long goes, too. */
    public static final Duration DEFAULT_UNUSED = Duration.ofDays(90);

    private static final Duration BETWEEN = Duration.ofHours(1);
    private static final Duration MEASURING = Duration.ofMinutes(5);

    /** What can be made again. Other folders belong to scripts, which may use them at any time. */
    private static final Set<String> REMOVABLE = Set.of(
            "accelerator",
            "anchor",
            "bpf",
            "build",
            "built",
            "busybox",
            "debian",
            "facts",
            "image",
            "initramfs",
            "log",
            "modules-2",
            "modules-archive",
            "native",
            "orc",
            "package",
            "qemu",
            "root",
            "source",
            "template",
            "tree",
            "tsc",
            "vmlinux");

    private static final Set<String> KERNELS = Set.of("built", "debian", "image", "package");
    private static final Set<String> DERIVED =
            Set.of("facts", "initramfs", "modules-2", "modules-archive", "orc", "template");

    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([KMGT])(?:i?B)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern LINE = Pattern.compile("(\\d+)\t(/.+)");

    private final Cache cache;

    public CacheBound(Cache cache) {
        this.cache = cache;
    }

    /**
     * An entry, or a folder that scripts own.
     *
     * @param bytes what it takes of the disk: less than its length, if it is sparse
     */
    public record Item(String kind, String key, long bytes, Instant lastUsed, boolean removable, boolean inUse) {
        /** Returns whether it is a kernel that boots. */
        public boolean isKernel() {
            return KERNELS.contains(kind);
        }
    }

    /** Parses {@code 500M}, {@code 20G} or {@code 0}; empty if it is no size. Who writes 5 may not mean five bytes. */
    public static Optional<Long> parse(String text) {
        Matcher size = SIZE.matcher(text.strip());
        if (text.strip().equals("0")) {
            return Optional.of(0L);
        }
        if (!size.matches()) {
            return Optional.empty();
        }
        int shift = 10 * ("KMGT".indexOf(size.group(2).toUpperCase(Locale.ROOT)) + 1);
        return Optional.of(Long.parseLong(size.group(1)) << shift);
    }

    /** Returns the bound that holds: the user's, else the default; empty if there is none. */
    public static Optional<Long> chosen() throws KernelException {
        String own = System.getenv().getOrDefault(VARIABLE, "");
        Optional<Long> bytes = own.isEmpty() ? Optional.of(DEFAULT_BYTES) : parse(own);
        if (bytes.isEmpty()) {
            throw new KernelException(VARIABLE + "=" + own + " is no size; write 500M, 20G, or 0 for no bound");
        }
        return bytes.filter(bound -> bound > 0);
    }

    /** Lists all of it, the largest first. */
    public List<Item> items() throws IOException, InterruptedException, KernelException {
        List<Item> items = new ArrayList<>();
        if (!Files.isDirectory(cache.root())) {
            return items;
        }
        Map<Path, Long> sizes = sizes();
        for (Path kind : folders(cache.root())) {
            String name = kind.getFileName().toString();
            if (!REMOVABLE.contains(name)) {
                items.add(new Item(name, "", sizes.getOrDefault(kind, 0L), time(kind), false, false));
                continue;
            }
            try (Stream<Path> entries = Files.list(kind)) {
                for (Path entry : entries.sorted().toList()) {
                    String key = entry.getFileName().toString();
                    if (!key.startsWith(".")) {
                        items.add(new Item(
                                name, key, sizes.getOrDefault(entry, 0L), time(entry), true, cache.isUsed(name, key)));
                    }
                }
            }
        }
        items.sort(Comparator.comparing(Item::bytes).reversed());
        return List.copyOf(items);
    }

    /** Removed, or used by somebody meanwhile. */
    private static Instant time(Path path) throws IOException {
        try {
            return Files.getLastModifiedTime(path).toInstant();
        } catch (NoSuchFileException gone) {
            return Instant.EPOCH;
        }
    }

    private static List<Path> folders(Path root) throws IOException {
        try (Stream<Path> all = Files.list(root)) {
            return all.filter(path -> !path.getFileName().toString().startsWith(".") && Files.isDirectory(path))
                    .sorted()
                    .toList();
        }
    }

    /** Java does not tell how many blocks a file has. */
    private Map<Path, Long> sizes() throws IOException, InterruptedException, KernelException {
        Map<Path, Long> sizes = new HashMap<>();
        List<String> command = new ArrayList<>(List.of("du", "--block-size=1", "--all", "--max-depth=1", "--"));
        // With a slash, so that a link is followed.
        folders(cache.root()).forEach(kind -> command.add(kind + "/"));
        if (command.get(command.size() - 1).equals("--")) {
            return sizes;
        }
        // It fails if files vanish meanwhile, and has told the rest all the same.
        for (String line : new Command(MEASURING, command).run(cache.root()).lines()) {
            Matcher found = LINE.matcher(line);
            if (found.matches()) {
                sizes.put(Path.of(found.group(2)), Long.parseLong(found.group(1)));
            }
        }
        return sizes;
    }

    /**
     * Removes what is too much, or was not used for too long; returns what is gone.
     *
     * @param most bytes of what can be removed
     */
    public List<Item> prune(long most, Duration unused) throws IOException, InterruptedException, KernelException {
        List<Item> items = items().stream()
                .filter(Item::removable)
                .sorted(Comparator.comparing(Item::lastUsed))
                .toList();
        long left = items.stream().mapToLong(Item::bytes).sum();
        Instant limit = Instant.now().minus(unused);
        List<Item> gone = new ArrayList<>();
        for (Item item : items) {
            if ((left > most || item.lastUsed().isBefore(limit)) && !gone.contains(item)) {
                for (Item removed : remove(item, items)) {
                    gone.add(removed);
                    left -= removed.bytes();
                }
            }
        }
        for (String kind : REMOVABLE) {
            if (Files.isDirectory(cache.root().resolve(kind))) {
                cache.sweepLocks(kind);
            }
        }
        return List.copyOf(gone);
    }

    private List<Item> remove(Item item, List<Item> all) throws IOException {
        List<Item> derived = item.isKernel()
                ? all.stream().filter(other -> isDerived(other, item)).toList()
                : List.of();
        List<Item> gone = new ArrayList<>();
        for (Item other : derived) {
            // A kernel of which a machine runs.
            if (cache.isUsed(other.kind(), other.key())) {
                return gone;
            }
        }
        if (!cache.isUsed(item.kind(), item.key())) {
            for (Item other : derived) {
                if (cache.removeUnused(other.kind(), other.key())) {
                    gone.add(other);
                }
            }
            if (cache.removeUnused(item.kind(), item.key())) {
                gone.add(item);
            }
        }
        return gone;
    }

    /** Their keys are the kernel's, with or without a digest. */
    private static boolean isDerived(Item item, Item kernel) {
        return DERIVED.contains(item.kind())
                && item.key().startsWith(kernel.key())
                && item.key().substring(kernel.key().length()).matches("(-[0-9a-f]{8,64})?");
    }

    /**
     * Keeps the bound after a run. It costs nothing if nothing was added since the last time, and works at most once an hour.
     *
     * @return what is gone
     */
    public List<Item> keep() throws IOException, InterruptedException, KernelException {
        Optional<Long> most = chosen();
        Path last = cache.root().resolve(".pruned");
        Instant grown = Files.exists(cache.grown()) ? time(cache.grown()) : Instant.EPOCH;
        Instant pruned = Files.exists(last) ? time(last) : Instant.EPOCH;
        if (most.isEmpty() || !grown.isAfter(pruned) || pruned.plus(BETWEEN).isAfter(Instant.now())) {
            return List.of();
        }
        try (FileChannel channel = FileChannel.open(last, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            if (lock == null) {
                return List.of();
            }
            Files.setLastModifiedTime(last, FileTime.from(Instant.now()));
            return prune(most.get(), DEFAULT_UNUSED);
        } catch (OverlappingFileLockException anotherThread) {
            return List.of();
        }
    }
}
