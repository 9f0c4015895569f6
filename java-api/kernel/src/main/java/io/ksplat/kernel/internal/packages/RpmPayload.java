// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.eclipse.packager.rpm.RpmBaseTag;
import org.eclipse.packager.rpm.parse.InputHeader;
import org.eclipse.packager.rpm.parse.RpmInputStream;

/** Finds the payload of an RPM package, which lies behind the lead and two headers (rpm's docs/manual/format_v4.md). */
final class RpmPayload {
    /** Those of rpm itself (lib/header.cc, hdrchkTags and hdrchkData); Fedora's packages of modules have 2 MiB. */
    private static final int MOST_ENTRIES = 0xffff;

    private static final int MOST_BYTES = 32 << 20;
    private static final int INTRO = 16;
    private static final int ENTRY = 16;

    private RpmPayload() {}

    /** Skips what lies before the payload, which is compressed cpio. */
    static void seek(BufferedInputStream in) throws IOException {
        try {
            new Headers(in).skip();
        } catch (RuntimeException e) {
            // The reader takes every offset as it is.
            throw new IOException("its header is damaged", e);
        }
    }

    private static final class Headers extends RpmInputStream {
        private final BufferedInputStream in;

        @SuppressWarnings("resource") // Closing this would close the payload.
        Headers(BufferedInputStream in) {
            super(in);
            this.in = in;
        }

        void skip() throws IOException {
            readLead();
            readHeader(true);
            readHeader(false);
        }

        @Override
        protected <T extends RpmBaseTag> InputHeader<T> readHeader(boolean withPadding) throws IOException {
            check(in);
            return super.readHeader(withPadding);
        }

        /** Refuses sizes for which the reader would allocate memory before it knows that there is so much. */
        private static void check(BufferedInputStream in) throws IOException {
            in.mark(INTRO + ENTRY * MOST_ENTRIES);
            ByteBuffer intro = read(in, INTRO);
            int entries = intro.getInt(8);
            int bytes = intro.getInt(12);
            if (entries < 0 || entries > MOST_ENTRIES || bytes < 0 || bytes > MOST_BYTES) {
                throw new IOException("its header has " + Integer.toUnsignedString(entries) + " entries of "
                        + Integer.toUnsignedString(bytes) + " bytes");
            }
            ByteBuffer index = read(in, ENTRY * entries);
            for (int at = 0; at < index.limit(); at += ENTRY) {
                int count = index.getInt(at + 12);
                if (count < 0 || count > bytes) {
                    throw new IOException("its header has an entry of " + Integer.toUnsignedString(count) + " values");
                }
            }
            in.reset();
        }

        private static ByteBuffer read(InputStream in, int length) throws IOException {
            byte[] bytes = in.readNBytes(length);
            if (bytes.length < length) {
                throw new IOException("it ends in its header");
            }
            return ByteBuffer.wrap(bytes);
        }
    }
}
