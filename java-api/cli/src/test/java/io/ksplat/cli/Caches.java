// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import io.ksplat.kernel.Cache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Caches for ksplat as a process. */
final class Caches {
    private Caches() {}

    /** A folder for XDG_CACHE_HOME with all that the user's cache has, but no template. */
    static Path withoutTemplates(Path folder) throws IOException {
        return without(folder, "template");
    }

    /** A folder for XDG_CACHE_HOME with all that the user's cache has, but one kind. */
    static Path without(Path folder, String missing) throws IOException {
        Path home = folder.resolve("cache");
        Path own = Files.createDirectories(home.resolve("ksplat"));
        try (Stream<Path> kinds = Files.list(Cache.standard().root())) {
            for (Path kind : kinds.toList()) {
                if (!kind.getFileName().toString().equals(missing)) {
                    Files.createSymbolicLink(own.resolve(kind.getFileName()), kind);
                }
            }
        }
        return home;
    }
}
