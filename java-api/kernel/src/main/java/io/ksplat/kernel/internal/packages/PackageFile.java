// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.packages;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Decompressor;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ArchiveInputStream;
import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Reads a package: a .deb (deb(5)), an .rpm, or one of Arch, which is a compressed tar archive. The file may be hostile: nothing is
 * written by the names in it, and what it unpacks to has limits.
 */
public final class PackageFile {
    private static final byte[] DEB = "!<arch>\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] RPM = {(byte) 0xed, (byte) 0xab, (byte) 0xee, (byte) 0xdb};

    /** A distribution's package of modules has some 5,000. */
    private static final int MOST_FILES = 200_000;

    /** Distributions' kernels unpack to less than 1 GiB. */
    private static final long MOST_BYTES = 4L << 30;

    /** The header of one file, with its name. */
    private static final long MOST_HEADER = 1 << 20;

    private static final int SHOWN = 100;

    private PackageFile() {}

    /** Receives the files of a package. */
    @FunctionalInterface
    public interface Receiver {
        /** Receives one; {@code path} has no slash before it. */
        void receive(String path, InputStream content) throws IOException, KernelException;
    }

    /**
     * Reads a package to its end; passes on its regular files that are not empty.
     *
     * @throws KernelException if it is no package, or damaged, or has what no package of a kernel has
     */
    public static void read(Path file, Receiver receiver) throws IOException, KernelException {
        if (!Files.isRegularFile(file)) {
            throw new KernelException("no package at " + file + (Files.exists(file) ? ": not a file" : ""));
        }
        try (BufferedInputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            in.mark(DEB.length);
            byte[] magic = in.readNBytes(DEB.length);
            in.reset();
            if (Arrays.equals(magic, DEB)) {
                tar(data(in), receiver);
            } else if (Arrays.equals(magic, 0, Math.min(magic.length, RPM.length), RPM, 0, RPM.length)) {
                RpmPayload.seek(in);
                Meter meter = new Meter(Decompressor.of(in, true));
                files(new CpioArchiveInputStream(meter), meter, receiver);
            } else {
                tar(in, receiver);
            }
        } catch (FileSystemException e) {
            // Of the disk, not of the package.
            throw e;
        } catch (Refused e) {
            throw new KernelException(file + ": " + e.getMessage(), e);
        } catch (EOFException e) {
            throw new KernelException(file + " is damaged: it ends too early", e);
        } catch (IOException | IllegalArgumentException e) {
            throw new KernelException(
                    file + " is no package that can be read (.deb, .rpm, .pkg.tar.*): "
                            + shown(String.valueOf(e.getMessage())),
                    e);
        }
    }

    /** The package has what it must not have. */
    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /** Returns a .deb's archive of files, as it is compressed. */
    private static InputStream data(InputStream in) throws IOException {
        ArArchiveInputStream members = new ArArchiveInputStream(in);
        for (ArArchiveEntry member = members.getNextEntry(); member != null; member = members.getNextEntry()) {
            if (member.getName().startsWith("data.tar")) {
                return members;
            }
        }
        throw new Refused("a Debian package without data.tar");
    }

    private static void tar(InputStream packed, Receiver receiver) throws IOException, KernelException {
        Meter meter = new Meter(Decompressor.of(packed, true));
        files(new TarArchiveInputStream(meter), meter, receiver);
    }

    private static <E extends ArchiveEntry> void files(ArchiveInputStream<E> archive, Meter meter, Receiver receiver)
            throws IOException, KernelException {
        long left = MOST_BYTES;
        for (int count = 0; ; count++) {
            // Archives keep names of any length in memory.
            meter.allow(MOST_HEADER, "a file's header takes more than " + (MOST_HEADER >> 20) + " MiB");
            E entry = archive.getNextEntry();
            if (entry == null) {
                return;
            }
            String path = checked(entry.getName());
            if (count == MOST_FILES) {
                throw new Refused("has more than " + MOST_FILES + " files");
            }
            long size = entry.getSize();
            left -= Math.max(0, size);
            if (left < 0) {
                throw new Refused("unpacks to more than " + (MOST_BYTES >> 30) + " GiB");
            }
            meter.allow(size + MOST_HEADER, shown(path) + " is longer than it says");
            if (isFile(entry, path) && size > 0) {
                receiver.receive(path, archive);
            }
            archive.transferTo(OutputStream.nullOutputStream());
        }
    }

    private static boolean isFile(ArchiveEntry entry, String path) throws Refused {
        boolean file;
        boolean harmless;
        if (entry instanceof TarArchiveEntry tar) {
            harmless = tar.isDirectory() || tar.isSymbolicLink() || tar.isLink();
            file = !harmless && !tar.isCharacterDevice() && !tar.isBlockDevice() && !tar.isFIFO();
        } else {
            CpioArchiveEntry cpio = (CpioArchiveEntry) entry;
            harmless = cpio.isDirectory() || cpio.isSymbolicLink();
            file = cpio.isRegularFile();
        }
        if (!file && !harmless) {
            throw new Refused("has a device or a pipe, " + shown(path) + ": no package of a kernel has");
        }
        return file;
    }

    private static String checked(String name) throws Refused {
        String path = name.replaceFirst("^(?:\\./|/)+", "");
        if (List.of(path.split("/", -1)).contains("..")) {
            throw new Refused("has a file outside of its folder: " + shown(name));
        }
        return path;
    }

    /** Returns it without what could confuse a terminal or a log, which may come from the file. */
    private static String shown(String name) {
        String plain = name.replaceAll("[^ -~]", "?");
        return plain.length() > SHOWN ? plain.substring(0, SHOWN) + "..." : plain;
    }
}
