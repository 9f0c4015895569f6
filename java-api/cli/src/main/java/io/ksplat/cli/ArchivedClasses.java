// SPDX-License-Identifier: Apache-2.0
package io.ksplat.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Loads the classes of a list, so that {@code java -XX:ArchiveClassesAtExit} keeps them for the next starts. Called by scripts/archive,
 * with the list's file. A name that is no class any more costs nothing.
 */
final class ArchivedClasses {
    private ArchivedClasses() {}

    public static void main(String[] arguments) throws IOException {
        Files.readAllLines(Path.of(arguments[0])).forEach(ArchivedClasses::load);
        // What is linked only when it runs: the parts of lambdas, and what a framework makes of annotations.
        PrintStream out = System.out;
        System.setOut(new PrintStream(PrintStream.nullOutputStream()));
        Main.execute("list");
        Main.execute("run", "--help");
        System.setOut(out);
    }

    private static void load(String name) {
        try {
            Class.forName(name, false, ArchivedClasses.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            // It would be loaded without the archive, and fail in the same way, if anything used it.
        }
    }
}
