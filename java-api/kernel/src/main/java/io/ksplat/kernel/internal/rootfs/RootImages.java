// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import io.ksplat.kernel.Cache;
import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.BoundedCopy;
import io.ksplat.kernel.internal.CacheFailure;
import io.ksplat.kernel.internal.Decompressor;
import io.ksplat.kernel.internal.Digests;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** Root file systems as images, kept in the cache by what they are made of. */
public final class RootImages {
    private static final String KIND = "root";
    private static final long MOST_BYTES = 16L << 30;
    private static final int MOST_FILES = 2_000_000;
    private static final int KEY = 16;

    private RootImages() {}

    /**
     * Returns the image of a root file system; makes it if it is not in the cache.
     *
     * @throws KernelException in one line, if it cannot be made
     */
    public static DiskImage of(RootSpec spec, Cache cache, Progress progress)
            throws InterruptedException, KernelException {
        try {
            return spec instanceof RootSpec.Debian debian
                    ? debian(debian, cache, progress)
                    : here(((RootSpec.Here) spec).path(), cache, progress);
        } catch (KernelException e) {
            throw new KernelException("root=" + spec + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw CacheFailure.of(cache, "cannot make the root file system " + spec, e);
        }
    }

    private static DiskImage debian(RootSpec.Debian spec, Cache cache, Progress progress)
            throws IOException, InterruptedException, KernelException {
        String key = spec.suite() + "-" + shortened(Digests.sha256(spec + "\n" + DebianRoot.RECIPE));
        return DiskImage.in(cache.<KernelException>entry(KIND, key, fresh -> {
            Path tar = fresh.resolve("root.tar");
            new DebianRoot(cache).make(spec, key, tar, progress);
            progress.report("packing " + spec);
            DiskImage.ofTar(tar, fresh);
            Files.delete(tar);
        }));
    }

    private static DiskImage here(Path path, Cache cache, Progress progress)
            throws IOException, InterruptedException, KernelException {
        if (Files.isDirectory(path)) {
            return folder(path, cache, progress);
        }
        if (!Files.isRegularFile(path)) {
            throw new KernelException("there is no such folder or file; debian[:SUITE][+PACKAGE...] has one made");
        }
        Optional<String> type = imageType(path);
        if (type.isPresent()) {
            return new DiskImage(path.toAbsolutePath(), type.get(), Digests.sha256(path));
        }
        String key = "tar-" + shortened(Digests.sha256(path));
        return DiskImage.in(cache.<KernelException>entry(KIND, key, fresh -> {
            progress.report("packing " + path);
            Path tar = fresh.resolve("root.tar");
            unpack(path, tar);
            check(tar);
            DiskImage.ofTar(tar, fresh);
            Files.delete(tar);
        }));
    }

    private static void unpack(Path from, Path tar) throws IOException, KernelException {
        try (InputStream in = Decompressor.of(Files.newInputStream(from), true)) {
            BoundedCopy.copy(in, tar, MOST_BYTES, "it has");
        }
    }

    /** Refuses what is no archive of a root file system, before a kernel does. */
    private static void check(Path tar) throws IOException, KernelException {
        boolean programs = false;
        int files = 0;
        try (TarArchiveInputStream archive =
                new TarArchiveInputStream(new BufferedInputStream(Files.newInputStream(tar)))) {
            for (TarArchiveEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
                String name = entry.getName().replaceFirst("^(?:\\./|/)+", "");
                programs |= name.matches("(?:usr/)?s?bin(?:/.*)?");
                files++;
                if (name.equals("manifest.json")) {
                    throw new KernelException(
                            "it is a saved image of a container: export one instead (docker export), which has its files");
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new KernelException("it is no folder, tar archive, or image of squashfs, erofs or ext4", e);
        }
        if (files == 0) {
            throw new KernelException("it is no folder, tar archive, or image of squashfs, erofs or ext4");
        }
        checkHasPrograms(programs);
    }

    private static void checkHasPrograms(boolean programs) throws KernelException {
        if (!programs) {
            throw new KernelException("it has neither /bin nor /usr/bin: it is no root file system");
        }
    }

    private static DiskImage folder(Path path, Cache cache, Progress progress)
            throws IOException, InterruptedException, KernelException {
        checkHasPrograms(Files.exists(path.resolve("bin"), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(path.resolve("usr/bin"), LinkOption.NOFOLLOW_LINKS)
                || Files.exists(path.resolve("sbin"), LinkOption.NOFOLLOW_LINKS));
        String key = "folder-" + shortened(stateOf(path));
        return DiskImage.in(cache.<KernelException>entry(KIND, key, fresh -> {
            progress.report("packing " + path);
            DiskImage.ofFolder(path.toAbsolutePath(), fresh);
        }));
    }

    /** Digests the names, sizes, modes and times of change of all files: to read them all would take as long as packing them. */
    private static String stateOf(Path folder) throws IOException, KernelException {
        MessageDigest digest = Digests.sha256();
        digest.update(folder.toRealPath().toString().getBytes(StandardCharsets.UTF_8));
        int files = 0;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) all.sorted()::iterator) {
                if (files++ > MOST_FILES) {
                    throw new KernelException("it has more than " + MOST_FILES + " files");
                }
                digest.update((folder.relativize(path) + " "
                                + Files.readAttributes(path, "unix:mode,size,ctime,uid,gid", LinkOption.NOFOLLOW_LINKS))
                        .getBytes(StandardCharsets.UTF_8));
            }
        } catch (UncheckedIOException e) {
            throw new KernelException("it cannot be read: " + e.getMessage(), e);
        }
        return Digests.hex(digest);
    }

    private static String shortened(String digest) {
        return digest.substring(0, KEY);
    }

    /** Tells an image by its magic numbers (the kernel's include/uapi/linux/magic.h). */
    private static Optional<String> imageType(Path file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(2048).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(file)) {
            while (head.hasRemaining() && channel.read(head) > 0) {
                // A read may return less than was asked for.
            }
        }
        if (head.position() < head.capacity()) {
            return Optional.empty();
        }
        if (head.getInt(0) == 0x73717368) {
            return Optional.of("squashfs");
        }
        if (head.getInt(1024) == 0xE0F5E1E2) {
            return Optional.of("erofs");
        }
        return head.getShort(1024 + 56) == (short) 0xEF53 ? Optional.of("ext4") : Optional.empty();
    }
}
