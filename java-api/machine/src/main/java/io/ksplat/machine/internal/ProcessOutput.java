// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What a process in the guest prints: its two streams, each written to a file as it comes. The file is made by the first byte. */
final class ProcessOutput {
    /** Of each stream. The agent stops at this too (STREAM_MAX, native/src/agent/output.c), but the guest is not trusted. */
    static final long LIMIT = 8L << 20;

    private static final String CUT = "\n[ksplat: the rest of this output was not kept]\n";

    private final List<Stream> streams;

    /** @param prefix of the files: {@code .stdout} and {@code .stderr} are added to its name */
    ProcessOutput(Path prefix) {
        this.streams = List.of(new Stream(prefix, ".stdout"), new Stream(prefix, ".stderr"));
    }

    /**
     * Takes a piece.
     *
     * @param stream 1 for stdout, 2 for stderr; any other is ignored
     * @param cut whether no more will come, although there is more
     */
    synchronized void add(int stream, byte[] data, boolean cut) {
        if (stream >= 1 && stream <= streams.size()) {
            streams.get(stream - 1).add(data, cut);
        }
    }

    /** Returns the beginning of a stream. */
    synchronized String head(int stream, int most) {
        return streams.get(stream - 1).head(most);
    }

    /** Returns the end of a stream, as far as it was kept. */
    synchronized String tail(int stream, int most) {
        return streams.get(stream - 1).tail(most);
    }

    /** Returns the name of a stream's file. */
    String name(int stream) {
        return String.valueOf(streams.get(stream - 1).file.getFileName());
    }

    /** Returns what is wrong with the files, for people. */
    synchronized List<String> notes() {
        return streams.stream().flatMap(stream -> stream.notes.stream()).toList();
    }

    private static final class Stream {
        private final Path file;
        private final List<String> notes = new ArrayList<>();
        private long kept;
        private boolean ended;

        Stream(Path prefix, String suffix) {
            this.file = prefix.resolveSibling(prefix.getFileName() + suffix);
        }

        void add(byte[] data, boolean cut) {
            if (ended) {
                return;
            }
            int length = (int) Math.min(data.length, LIMIT - kept);
            kept += length;
            ended = cut || length < data.length;
            try {
                byte[] piece = java.util.Arrays.copyOf(data, length);
                Files.write(file, piece, StandardOpenOption.CREATE, option(kept == length));
                if (ended) {
                    Files.writeString(file, CUT, StandardOpenOption.APPEND);
                    notes.add(file.getFileName() + " is cut after " + (kept >> 20) + " MiB");
                }
            } catch (IOException e) {
                ended = true;
                notes.add(file.getFileName() + " could not be written: " + e.getMessage());
            }
        }

        String head(int most) {
            return piece(0, most);
        }

        /** What was added behind it, that it is cut, is not of the process. */
        String tail(int most) {
            long begin = Math.max(0, kept - most);
            return piece(begin, (int) (kept - begin));
        }

        private String piece(long begin, int most) {
            if (kept == 0) {
                return "";
            }
            try (InputStream in = Files.newInputStream(file)) {
                in.skipNBytes(begin);
                return new String(in.readNBytes(most), StandardCharsets.UTF_8);
            } catch (IOException e) {
                notes.add(file.getFileName() + " could not be read: " + e.getMessage());
                return "";
            }
        }

        private static StandardOpenOption option(boolean first) {
            return first ? StandardOpenOption.TRUNCATE_EXISTING : StandardOpenOption.APPEND;
        }
    }
}
