// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** The logs that arguments name: files, compressed or not, all files of a folder, standard input. */
public final class LogFiles {
    /** The maximum of files of a folder. */
    private static final int MOST = 10_000;

    private static final int MAGIC = 6;

    private LogFiles() {}

    /**
     * Returns the logs: a folder is all files in it and below it, by name.
     *
     * @throws IOException if a folder cannot be read, has no file, or has too many
     */
    public static List<String> of(List<String> arguments) throws IOException {
        List<String> files = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.equals("-") || !Files.isDirectory(Path.of(argument))) {
                files.add(argument);
                continue;
            }
            try (Stream<Path> walk = Files.walk(Path.of(argument))) {
                List<String> found = walk.filter(Files::isRegularFile)
                        .limit(MOST + 1L)
                        .map(Path::toString)
                        .sorted()
                        .toList();
                if (found.isEmpty()) {
                    throw new IOException("the folder " + argument + " has no file: name one with logs");
                }
                if (found.size() > MOST) {
                    throw new IOException("the folder " + argument + " has more than " + MOST
                            + " files: name folders below it, or the logs");
                }
                files.addAll(found);
            }
        }
        return files;
    }

    /**
     * Opens a log. What it begins with tells whether it is compressed, not its name.
     *
     * @param file its path, or {@code -} for standard input
     */
    static InputStream open(String file) throws IOException {
        InputStream raw = new BufferedInputStream(file.equals("-") ? System.in : opened(file), 1 << 16);
        raw.mark(MAGIC);
        byte[] begin = raw.readNBytes(MAGIC);
        raw.reset();
        if (begins(begin, 0x1f, 0x8b)) {
            return new GZIPInputStream(raw, 1 << 16);
        }
        if (begins(begin, 0xfd, '7', 'z', 'X', 'Z', 0)) {
            if (file.equals("-")) {
                return new XZInputStream(raw, XzLog.MEMORY);
            }
            raw.close();
            return new XzLog(Path.of(file));
        }
        return begins(begin, 0x28, 0xb5, 0x2f, 0xfd) ? new ZstdInputStream(raw) : raw;
    }

    private static InputStream opened(String file) throws IOException {
        try {
            return Files.newInputStream(Path.of(file));
        } catch (NoSuchFileException e) {
            throw (IOException) new FileNotFoundException("there is no file " + file).initCause(e);
        }
    }

    private static boolean begins(byte[] text, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= text.length || (text[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
