// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.apache.commons.compress.compressors.CompressorException;
import org.apache.commons.compress.compressors.CompressorStreamFactory;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.apache.commons.io.input.BoundedInputStream;

/** Decompresses what kernels, modules and packages are compressed with: zstd, xz, gzip, bzip2, lzma and lz4. */
public final class Decompressor {
    /** What a stream may ask for before anything of it is seen: xz -9 takes 65 MiB, and the heap is small. */
    private static final int MOST_KIB = 80 << 10;

    /** The kernel's own lz4 streams (lib/decompress_unlz4.c, ARCHIVE_MAGICNUMBER), and the size of their blocks. */
    private static final byte[] LZ4 = {0x02, 0x21, 0x4c, 0x18};

    private static final int LZ4_BLOCK = 8 << 20;

    private Decompressor() {}

    /**
     * Returns what is in a compressed stream; the stream as it is if its first bytes are of no known format.
     *
     * @param concatenated whether another compressed stream may follow the first, as in files of package managers
     * @throws IOException if it is damaged, or takes too much memory
     */
    public static InputStream of(InputStream in, boolean concatenated) throws IOException {
        BufferedInputStream marked = new BufferedInputStream(in);
        marked.mark(LZ4.length);
        byte[] magic = marked.readNBytes(LZ4.length);
        marked.reset();
        if (Arrays.equals(magic, LZ4)) {
            marked.skipNBytes(LZ4.length);
            return new Lz4Blocks(marked);
        }
        String format;
        try {
            format = CompressorStreamFactory.detect(marked);
        } catch (CompressorException noneKnown) {
            return marked;
        }
        try {
            return new CompressorStreamFactory(concatenated, MOST_KIB).createCompressorInputStream(format, marked);
        } catch (CompressorException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** Reads blocks of LZ4, each with its compressed size before it. */
    private static final class Lz4Blocks extends InputStream {
        private final InputStream in;
        private InputStream block = nullInputStream();

        Lz4Blocks(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            int n = block.read(buffer, offset, length);
            while (n < 0) {
                byte[] size = in.readNBytes(Integer.BYTES);
                if (size.length < Integer.BYTES) {
                    return -1;
                }
                long bytes =
                        (size[0] & 0xffL) | (size[1] & 0xffL) << 8 | (size[2] & 0xffL) << 16 | (size[3] & 0xffL) << 24;
                if (bytes > 2L * LZ4_BLOCK) {
                    throw new IOException("a block of " + bytes + " bytes is no LZ4 of a kernel");
                }
                block = new BlockLZ4CompressorInputStream(BoundedInputStream.builder()
                        .setInputStream(in)
                        .setMaxCount(bytes)
                        .setPropagateClose(false)
                        .get());
                n = block.read(buffer, offset, length);
            }
            return n;
        }
    }
}
