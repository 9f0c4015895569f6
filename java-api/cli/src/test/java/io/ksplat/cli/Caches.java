// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/** Caches for ksplat as a process. */
final class Caches {
    private Caches() {}

    /** A folder for XDG_CACHE_HOME with all that the user's cache has, but no template. */
    static Path withoutTemplates(Path folder) throws IOException {
        return without(folder, List.of("template"));
    }

    /** A folder for XDG_CACHE_HOME with all that the user's cache has, but some kinds. */
    static Path without(Path folder, List<String> missing) throws IOException {
        Path home = folder.resolve("cache");
        Path own = Files.createDirectories(home.resolve("ksplat"));
        try (Stream<Path> kinds = Files.list(Cache.standard().root())) {
            for (Path kind : kinds.toList()) {
                if (!missing.contains(kind.getFileName().toString())) {
                    Files.createSymbolicLink(own.resolve(kind.getFileName()), kind);
                }
            }
        }
        return home;
    }

    /** An entry of a folder for XDG_CACHE_HOME, with one file; the other kinds of that cache are empty. */
    static Path entry(Path home, String kind, String key, int bytes, Duration unused) throws IOException {
        Path entry =
                Files.createDirectories(home.resolve("ksplat").resolve(kind).resolve(key));
        Files.write(entry.resolve("image"), new byte[bytes]);
        Files.setLastModifiedTime(entry, FileTime.from(Instant.now().minus(unused)));
        return entry;
    }
}
