// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal;

import io.ksplat.campaign.internal.sweep.Anchor;
import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import io.ksplat.machine.internal.qemu.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.stream.Stream;

/** Packs entries of the cache for another machine, and puts them into its cache. The keys tell the contents: what is there stays. */
public final class CacheArchive {
    /**
     * What another machine can use; a template belongs to the CPU that made it, and a build folder is large and quickly redone. An anchor's
     * machine is of TCG, and belongs to a version of QEMU.
     */
    private static final Set<String> PORTABLE = Set.of(
            Anchor.KIND,
            "bpf",
            "built",
            "busybox",
            "debian",
            "facts",
            "image",
            "initramfs",
            "native",
            "orc",
            "package",
            "vmlinux");

    private static final Set<String> KERNELS = Set.of("built", "debian", "image", "package");
    private static final Set<String> OF_KERNELS = Set.of("facts", "orc", "vmlinux");

    /** A whole cache, compressed on a slow machine. */
    private static final Duration LIMIT = Duration.ofHours(6);

    private final Cache cache;

    public CacheArchive(Cache cache) {
        this.cache = cache;
    }

    /** Returns the one of the user's cache. */
    public static CacheArchive standard() {
        return new CacheArchive(Cache.standard());
    }

    /**
     * Writes an archive, compressed as its name ends ({@code .tar}, {@code .tar.gz}, {@code .tar.xz}, {@code .tar.zst}).
     *
     * @param kernels the keys of the kernels that are meant, and only what belongs to them; empty: all
     * @param anchors the names of the anchors that are meant
     * @return how many entries are in it
     */
    public int write(Path archive, Optional<Set<String>> kernels, Set<String> anchors)
            throws IOException, InterruptedException {
        List<String> names = names((kind, key) ->
                kind.equals(Anchor.KIND) ? anchors.contains(key) : kernels.isEmpty() || isOf(kind, key, kernels.get()));
        if (names.isEmpty()) {
            throw new IOException(
                    "there is nothing in " + cache.root() + " to export: ksplat prepare --plan FILE fills it");
        }
        Path file = archive.toAbsolutePath();
        Path list = Files.createTempFile("ksplat-export", "");
        // The ending tells tar how to compress.
        Path partial = file.resolveSibling(".part-" + ProcessHandle.current().pid() + "-" + file.getFileName());
        try {
            Files.writeString(list, String.join("\0", names) + "\0", StandardCharsets.UTF_8);
            tar("-caf", partial.toString(), "-C", cache.root().toString(), "--null", "-T", list.toString());
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(list);
            Files.deleteIfExists(partial);
        }
        return names.size();
    }

    private static boolean isOf(String kind, String key, Set<String> kernels) {
        if (KERNELS.contains(kind)) {
            return kernels.contains(key);
        }
        return !OF_KERNELS.contains(kind) || kernels.stream().anyMatch(key::startsWith);
    }

    private List<String> names(BiPredicate<String, String> wanted) throws IOException {
        List<String> names = new ArrayList<>();
        for (String kind : new TreeSet<>(PORTABLE)) {
            for (String key : entries(cache.root().resolve(kind))) {
                if (wanted.test(kind, key)) {
                    names.add(kind + "/" + key);
                }
            }
        }
        return names;
    }

    /** An entry that is not whole begins with a dot. */
    private static List<String> entries(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> String.valueOf(path.getFileName()))
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    /**
     * Puts the entries of an archive into the cache.
     *
     * @return how many are new
     * @throws IOException in one line, if it is no archive of a cache; then none is put there
     */
    public int read(Path archive) throws IOException, InterruptedException {
        if (!Files.isRegularFile(archive)) {
            throw new IOException("there is no archive " + archive + ": make one with ksplat cache export");
        }
        Files.createDirectories(cache.root());
        Path fresh = Files.createTempDirectory(cache.root(), ".import-");
        try {
            tar("-xf", archive.toAbsolutePath().toString(), "-C", fresh.toString(), "--no-same-owner");
            try (Stream<Path> kinds = Files.list(fresh)) {
                for (Path kind : kinds.toList()) {
                    if (!PORTABLE.contains(String.valueOf(kind.getFileName()))
                            || !Files.isDirectory(kind, LinkOption.NOFOLLOW_LINKS)) {
                        throw new IOException(archive + " is no archive of a cache: it has " + kind.getFileName());
                    }
                }
            }
            int added = 0;
            for (String kind : new TreeSet<>(PORTABLE)) {
                for (String key : entries(fresh.resolve(kind))) {
                    added += put(fresh.resolve(kind).resolve(key), kind, key) ? 1 : 0;
                }
            }
            return added;
        } finally {
            Folders.remove(fresh);
        }
    }

    private boolean put(Path from, String kind, String key) throws IOException {
        Path to = cache.root().resolve(kind).resolve(key);
        if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Files.createDirectories(to.resolveSibling(""));
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            return true;
        } catch (FileSystemException e) {
            // Another process made it meanwhile.
            if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
                return false;
            }
            throw e;
        }
    }

    private void tar(String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("tar"));
        words.addAll(List.of(arguments));
        try {
            Command.Outcome done = new Command(LIMIT, words).run(cache.root());
            if (!done.ok()) {
                throw new IOException("tar failed: " + String.join(" ", done.lines()));
            }
        } catch (KernelException e) {
            throw new IOException(e.getMessage(), e);
        }
    }
}
