// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import io.ksplat.results.RunRecord;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;

/** Where the files of one run lie under the report's folder. */
public final class RunFolder {
    private RunFolder() {}

    /** Returns the folder of a run, relative to the report. */
    public static String name(RunRecord run) {
        return name(run.reproducer(), run.kernel().key(), run.attempt());
    }

    /** Returns the folder of a run, relative to the report. */
    public static String name(String reproducer, String kernelKey, int attempt) {
        return fileName(reproducer) + "/" + fileName(kernelKey) + "/" + attempt;
    }

    /** An id as part of a file name: never more than one name, and always below the folder. */
    static String fileName(String id) {
        String name = id.replace('/', '+').replace('\0', '+');
        return name.isEmpty() || name.equals(".") || name.equals("..") ? "+" + name : name;
    }

    /** Copies the files of a run, if there are any. A link in a report may lead anywhere: it stays behind. */
    public static void copy(Path from, Path to) throws IOException {
        if (!Files.isDirectory(from)) {
            return;
        }
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectories(to.resolve(from.relativize(folder)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile()) {
                    Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.REPLACE_EXISTING);
                }
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
