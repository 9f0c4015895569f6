// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.LongAdder;

/** Writes the files of a report, each whole or not at all. Thread-safe for different files. */
public final class ReportFolder {
    private static final int BUFFER = 16 * 1024;

    private final Path folder;
    private final LongAdder bytes = new LongAdder();

    public ReportFolder(Path folder) {
        this.folder = folder;
    }

    /** Writes what a file holds. */
    @FunctionalInterface
    public interface Content {
        void write(OutputStream out) throws IOException;
    }

    public Path path() {
        return folder;
    }

    /** Replaces a file so that a reader sees the old one or the new one, and a full disk leaves the old one. */
    public void replace(String name, Content content) throws IOException {
        Path partial = folder.resolve(name + ".part");
        boolean done = false;
        try {
            try (OutputStream out = new BufferedOutputStream(new Counted(Files.newOutputStream(partial)), BUFFER)) {
                content.write(out);
            }
            Files.move(partial, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            done = true;
        } finally {
            if (!done) {
                Files.deleteIfExists(partial);
            }
        }
    }

    /** Makes the folder of a run, and removes the files of an earlier one of the same name. */
    public Path makeFolder(String name) throws IOException {
        Path made = folder.resolve(name);
        if (Files.isDirectory(made)) {
            Files.deleteIfExists(made.resolve("evidence.json"));
            Files.deleteIfExists(made.resolve("console.log"));
        } else {
            Files.createDirectories(made);
        }
        return made;
    }

    /** Returns how many bytes were written so far. */
    public long bytes() {
        return bytes.sum();
    }

    private final class Counted extends FilterOutputStream {
        Counted(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            bytes.increment();
        }

        @Override
        public void write(byte[] buffer, int offset, int length) throws IOException {
            out.write(buffer, offset, length);
            bytes.add(length);
        }
    }
}
