// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;

/**
 * An xz file, read as far as it goes. The decoder reads a chunk of LZMA2 whole, up to 64 KiB for 2 MiB of text, before it returns any of
 * it, so that a log of some thousand lines that was cut would have none. What a cut chunk still says is what any continuation of it
 * would decode to: its range coder compares numbers, so that is what the lowest and the highest continuation have in common.
 */
final class XzLog extends InputStream {
    /** KiB that an xz file may ask for: what {@code xz -9} needs, and some. */
    static final int MEMORY = 128 * 1024;

    /** The maximum of bytes of a chunk, twice. */
    private static final int MOST = 4 << 20;

    private final Path file;
    private InputStream in;
    private long returned;
    private Optional<IOException> torn = Optional.empty();

    XzLog(Path file) throws IOException {
        this.file = file;
        this.in = new XZInputStream(new BufferedInputStream(Files.newInputStream(file)), MEMORY);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (torn.isEmpty()) {
            try {
                int read = in.read(buffer, offset, length);
                returned += Math.max(read, 0);
                return read;
            } catch (IOException e) {
                torn = Optional.of(e);
                in.close();
                in = new ByteArrayInputStream(rest());
            }
        }
        int read = in.read(buffer, offset, length);
        if (read < 0) {
            throw torn.get();
        }
        return read;
    }

    private byte[] rest() throws IOException {
        byte[] lowest = rest(0);
        int common = Arrays.mismatch(lowest, rest(0xff));
        return common < 0 ? lowest : Arrays.copyOf(lowest, common);
    }

    /** Decodes what was not returned yet, as if the file went on with one byte for ever; byte by byte, because an error loses the rest of a read. */
    private byte[] rest(int continuation) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try (InputStream raw = new SequenceInputStream(
                new BufferedInputStream(Files.newInputStream(file)), new Endless((byte) continuation))) {
            InputStream xz = new XZInputStream(raw, MEMORY);
            xz.skipNBytes(returned);
            for (int next = xz.read(); next >= 0 && text.size() < MOST; next = xz.read()) {
                text.write(next);
            }
        } catch (XZIOException | EOFException e) {
            // The continuation is no xz: the error that counts is the first one.
        }
        return text.toByteArray();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private static final class Endless extends InputStream {
        private final byte content;

        Endless(byte content) {
            this.content = content;
        }

        @Override
        public int read() {
            return content & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            Arrays.fill(buffer, offset, offset + length, content);
            return length;
        }
    }
}
