// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds sources below a folder by what a stack calls them: a frame of a BPF program has the name that clang was given. */
final class SourceFiles {
    private static final int DEPTH = 12;

    /** What a build or a tool wrote. The folder of a run is one too: it has copies of the sources. */
    private static final Set<String> NO_SOURCES = Set.of(".git", "target", "build", "node_modules");

    private final Map<String, List<Path>> byName = new HashMap<>();
    private final Path root;

    private SourceFiles(Path root) {
        this.root = root;
    }

    /** Reads the names of a folder's C files and headers. */
    static SourceFiles below(Path root) throws IOException {
        SourceFiles found = new SourceFiles(root);
        Files.walkFileTree(root, EnumSet.noneOf(FileVisitOption.class), DEPTH, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                boolean written = NO_SOURCES.contains(String.valueOf(folder.getFileName()))
                        || Files.exists(folder.resolve(StoredReport.RUN));
                return !folder.equals(root) && written ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(".c") || name.endsWith(".h")) {
                    found.byName.computeIfAbsent(name, key -> new ArrayList<>()).add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException unreadable) {
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }

    /** Returns the path below the folder; empty if there is no such file, or several. */
    Optional<String> find(String file) {
        Path named = Path.of(file);
        List<Path> same = byName.getOrDefault(String.valueOf(named.getFileName()), List.of());
        List<Path> exact = same.stream().filter(path -> path.endsWith(named)).toList();
        List<Path> chosen = exact.isEmpty() ? same : exact;
        return chosen.size() == 1 ? Optional.of(root.relativize(chosen.get(0)).toString()) : Optional.empty();
    }
}
