// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** The configuration of a kernel: options without {@code CONFIG_}, and their values. An option that is not set is not in it. */
public record KernelConfig(Map<String, String> values) {
    private static final byte[] MARK = "IKCFG_ST".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] GZIP = {0x1f, (byte) 0x8b};

    /** A distribution's has 300 KB, 70 KB when packed. */
    private static final int MOST = 8 << 20;

    /** Parses a {@code .config} file. */
    public static KernelConfig parse(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        text.lines().filter(l -> l.startsWith("CONFIG_") && l.contains("=")).forEach(l -> {
            int equals = l.indexOf('=');
            values.put(l.substring(7, equals), l.substring(equals + 1));
        });
        return new KernelConfig(values);
    }

    public boolean builtIn(String option) {
        return "y".equals(values.get(option));
    }

    /** Finds the configuration in a kernel with CONFIG_IKCONFIG (kernel/configs.c). */
    static Optional<String> embedded(FileChannel vmlinux) throws IOException {
        MappedByteBuffer bytes =
                vmlinux.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(vmlinux.size(), Integer.MAX_VALUE));
        for (int at = 0; at + MARK.length + GZIP.length <= bytes.limit(); at++) {
            if (bytes.get(at) == MARK[0] && matches(bytes, at, MARK) && matches(bytes, at + MARK.length, GZIP)) {
                ByteBuffer rest = bytes.duplicate().position(at + MARK.length);
                byte[] packed = new byte[Math.min(rest.remaining(), MOST)];
                rest.get(packed);
                try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
                    return Optional.of(new String(in.readNBytes(MOST), StandardCharsets.UTF_8));
                } catch (ZipException | EOFException e) {
                    // Bytes that look like it: a kernel without its configuration.
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private static boolean matches(ByteBuffer bytes, int at, byte[] wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (bytes.get(at + i) != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
