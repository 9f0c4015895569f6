// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Removes a folder; another process, such as the guard of a machine, may be removing it at the same time. */
public final class Folders {
    private Folders() {}

    /** Removes a folder and all that is in it; does nothing if it is gone. */
    public static void remove(Path folder) throws IOException {
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            for (Path inside : list(folder)) {
                remove(inside);
            }
            Files.deleteIfExists(folder);
        }
    }

    /** A process at its limit of open files has to clean up as well: Files.list() opens two, and File.list() one. */
    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (FileSystemException e) {
            String[] names = folder.toFile().list();
            if (names == null) {
                throw e;
            }
            return Stream.of(names).map(folder::resolve).toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
