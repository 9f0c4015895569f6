// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.compressors.zstandard.ZstdCompressorOutputStream;

/** Packages that no tool of a distribution would make, or that it would take long to make. */
public final class TestPackages {
    private TestPackages() {}

    /** Writes the archive of an Arch package. */
    @FunctionalInterface
    public interface Tar {
        void write(TarArchiveOutputStream tar) throws IOException;
    }

    /** Compressed as Arch does it: the window has 32 MiB. */
    public static Path arch(Path file, Tar content) throws IOException {
        try (OutputStream out = Files.newOutputStream(file);
                ZstdCompressorOutputStream zstd = ZstdCompressorOutputStream.builder()
                        .setOutputStream(out)
                        .setLevel(1)
                        .setWindowLog(25)
                        .get();
                TarArchiveOutputStream tar = new TarArchiveOutputStream(zstd)) {
            file(tar, ".PKGINFO", "pkgname = linux\n");
            file(tar, ".MTREE", "#mtree\n");
            content.write(tar);
        }
        return file;
    }

    public static void file(TarArchiveOutputStream tar, String name, String content) throws IOException {
        file(tar, name, content.getBytes(ISO_8859_1));
    }

    public static void file(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(name, true);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    /** A .deb whose only member besides its version is a plain tar archive, which ends after the header of one file. */
    static Path debWithHeader(Path file, TarArchiveEntry entry) throws IOException {
        byte[] header = new byte[512];
        entry.writeEntryHeader(header);
        try (ArArchiveOutputStream ar = new ArArchiveOutputStream(Files.newOutputStream(file))) {
            member(ar, "debian-binary", "2.0\n".getBytes(ISO_8859_1));
            member(ar, "data.tar", header);
        }
        return file;
    }

    private static void member(ArArchiveOutputStream ar, String name, byte[] content) throws IOException {
        ar.putArchiveEntry(new ArArchiveEntry(name, content.length));
        ar.write(content);
        ar.closeArchiveEntry();
    }

    /** An .rpm with these files, and headers of one entry. */
    static byte[] rpm(Map<String, String> files) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer lead = ByteBuffer.allocate(96);
        lead.putInt(0xedabeedb).put(4, (byte) 3).putShort(76, (short) 1).putShort(78, (short) 5);
        all.writeBytes(lead.array());
        all.writeBytes(header(1, 4, 1));
        all.writeBytes(new byte[4]); // pads the first header to a multiple of 8
        all.writeBytes(header(1, 4, 1));
        try (GZIPOutputStream gzip = new GZIPOutputStream(all);
                CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(gzip, CpioConstants.FORMAT_NEW)) {
            for (var file : files.entrySet()) {
                CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, file.getKey());
                entry.setMode(CpioConstants.C_ISREG | 0644);
                entry.setSize(file.getValue().length());
                cpio.putArchiveEntry(entry);
                cpio.write(file.getValue().getBytes(ISO_8859_1));
                cpio.closeArchiveEntry();
            }
        }
        return all.toByteArray();
    }

    /** A header with one entry, of 32-bit numbers. */
    private static byte[] header(int entries, int bytes, int count) {
        return ByteBuffer.allocate(16 + 16 + 4)
                .put(new byte[] {(byte) 0x8e, (byte) 0xad, (byte) 0xe8, 1, 0, 0, 0, 0})
                .putInt(entries)
                .putInt(bytes)
                .putInt(1000)
                .putInt(4)
                .putInt(0)
                .putInt(count)
                .array();
    }
}
