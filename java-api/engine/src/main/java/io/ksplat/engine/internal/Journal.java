// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ksplat.kernel.internal.UserFolders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes down what is begun on a real machine before it begins, so that it is on the disk whatever dies of it, this host included: what
 * never ended is left out once, and the rest goes on.
 */
final class Journal {
    private static final String BEGUN = "begun ";
    private static final String ENDED = "ended ";
    private static final long MOST_BYTES = 1 << 20;

    private final Path file;

    /** @param machine whose journal it is */
    Journal(Path folder, String machine) {
        this.file = folder.resolve(machine.replaceAll("[^A-Za-z0-9._@+-]", "_"));
    }

    /** Returns the folder of all journals, in the user's state folder. */
    static Path folder() {
        return UserFolders.STATE.ksplat().resolve("machines");
    }

    /**
     * Begins something, unless it was begun before and never ended: then it counts as ended, and when it was begun is returned.
     *
     * @param what a line
     */
    Optional<String> begin(String what) throws IOException {
        String before = unfinished().get(what);
        if (before != null) {
            append(ENDED + what);
            return Optional.of(before);
        }
        append(BEGUN + Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + what);
        return Optional.empty();
    }

    /** Ends something, whatever came of it. */
    void end(String what) throws IOException {
        append(ENDED + what);
        if (unfinished().isEmpty() && Files.size(file) > MOST_BYTES) {
            Files.delete(file);
        }
    }

    Path file() {
        return file;
    }

    private Map<String, String> unfinished() throws IOException {
        Map<String, String> open = new LinkedHashMap<>();
        for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
            String[] words = line.split(" ", 3);
            if (line.startsWith(BEGUN) && words.length == 3) {
                open.put(words[2], words[1]);
            } else if (line.startsWith(ENDED)) {
                open.remove(line.substring(ENDED.length()));
            }
        }
        return open;
    }

    private void append(String line) throws IOException {
        Path folder = Files.createDirectories(file.resolveSibling(""));
        boolean isNew = !Files.exists(file);
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            ByteBuffer text = ByteBuffer.wrap((line + "\n").getBytes(UTF_8));
            while (text.hasRemaining()) {
                out.write(text);
            }
            out.force(true);
        }
        if (isNew) {
            // Of a file whose folder is not on the disk, nothing is.
            try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
    }
}
