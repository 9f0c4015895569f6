// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.image;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.Decompressor;
import io.ksplat.kernel.internal.Elf;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;

/** A kernel image for x86-64: a bzImage (Documentation/arch/x86/boot.rst), or an ELF with a PVH entry. */
public final class KernelImage {
    private static final int HDRS = 0x53726448;
    private static final int MOST_BANNER = 512;
    private static final short GZIP = (short) 0x8b1f;

    /** A kernel with KASAN and all its symbols has some 200 MiB. */
    private static final long MOST_UNPACKED = 1L << 30;

    private final Path file;
    private final ByteBuffer bytes;
    private final boolean elf;

    private KernelImage(Path file, ByteBuffer bytes, boolean elf) {
        this.file = file;
        this.bytes = bytes;
        this.elf = elf;
    }

    /**
     * Opens an image.
     *
     * @throws KernelException if the file is not one that QEMU can boot
     */
    public static KernelImage open(Path file) throws IOException, KernelException {
        if (!Files.isRegularFile(file)) {
            throw new KernelException("no kernel image at " + file + (Files.exists(file) ? ": not a file" : ""));
        }
        ByteBuffer bytes;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE));
            bytes.order(ByteOrder.LITTLE_ENDIAN);
            Optional<Elf> elf = Elf.of(channel);
            if (elf.isPresent()) {
                if (!elf.get().hasPvhEntry()) {
                    throw new KernelException(file
                            + " is an ELF file without a PVH entry: QEMU cannot start it; give the kernel's bzImage, "
                            + "or build it with CONFIG_PVH");
                }
                return new KernelImage(file, bytes, true);
            }
        } catch (Elf.MalformedException e) {
            throw damaged(file, e);
        }
        if (bytes.limit() < 0x260 || bytes.getInt(0x202) != HDRS) {
            throw new KernelException(file
                    + " is not a kernel image: neither a bzImage (no HdrS at 0x202) nor a vmlinux (no ELF header)");
        }
        if (bytes.getShort(0x206) < 0x208) {
            throw new KernelException(file
                    + " is a bzImage from before Linux 2.6.26: its header does not say where the kernel lies in it");
        }
        return new KernelImage(file, bytes, false);
    }

    /** Returns what {@code uname -r} prints on the kernel. */
    public String release() throws KernelException {
        String release = banner().replaceFirst("[\\x00- ].*", "");
        if (!release.matches("\\d+\\.\\d+[A-Za-z0-9.+~_-]*")) {
            throw new KernelException(file + " has no kernel version in it");
        }
        return release;
    }

    /** Returns what the kernel says of itself: release, who built it with what, and what {@code uname -v} prints. */
    String banner() throws KernelException {
        int at = elf ? find("Linux version ", 14) : (bytes.getShort(0x20e) & 0xffff) + 0x200;
        if (at < 0 || at >= bytes.limit()) {
            throw new KernelException(file + " has no kernel version in it");
        }
        StringBuilder banner = new StringBuilder();
        for (int i = at; i < bytes.limit() && bytes.get(i) >= ' ' && banner.length() < MOST_BANNER; i++) {
            banner.append((char) bytes.get(i));
        }
        return banner.toString();
    }

    /** Finds a text that a digit follows; returns the position {@code skip} bytes after its start, or -1. */
    private int find(String text, int skip) {
        byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
        byte[] seen = new byte[wanted.length];
        for (int i = 0; i + wanted.length + skip < bytes.limit(); i++) {
            if (bytes.get(i) == wanted[0]) {
                bytes.get(i, seen);
                // The format string with the same start continues with a percent sign.
                byte next = bytes.get(i + wanted.length);
                if (Arrays.equals(seen, wanted) && next >= '0' && next <= '9') {
                    return i + skip;
                }
            }
        }
        return -1;
    }

    /** Writes what the image unpacks to a file; returns whether that is an ELF with a PVH entry, which QEMU can start. */
    boolean unpack(Path to) throws IOException, KernelException {
        if (elf) {
            Files.copy(file, to);
            return true;
        }
        int start = ((bytes.get(0x1f1) & 0xff) + 1) * 512 + bytes.getInt(0x248);
        int length = bytes.getInt(0x24c);
        if (start < 0 || length < 8 || start + (long) length > bytes.limit()) {
            throw new KernelException(file + " is damaged: its payload does not lie within the file");
        }
        boolean gzip = bytes.getShort(start) == GZIP;
        // All formats but gzip have the size appended (scripts/Makefile.lib, size_append), which is not part of the
        // stream.
        InputStream packed = new ByteArrayInputStream(slice(start, gzip ? length : length - 4));
        try (InputStream in = Decompressor.of(packed, false)) {
            BoundedCopy.copy(in, to, MOST_UNPACKED, file + " unpacks to");
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new KernelException(file + " is damaged: the kernel in it cannot be unpacked: " + e.getMessage(), e);
        }
        try (FileChannel channel = FileChannel.open(to, StandardOpenOption.READ)) {
            Optional<Elf> inside = Elf.of(channel);
            return inside.isPresent() && inside.get().hasPvhEntry();
        } catch (Elf.MalformedException e) {
            throw damaged(file, e);
        }
    }

    static KernelException damaged(Path file, Elf.MalformedException e) {
        return new KernelException(file + " is damaged: " + e.getMessage(), e);
    }

    private byte[] slice(int at, int length) {
        byte[] part = new byte[length];
        bytes.get(at, part);
        return part;
    }
}
