// SPDX-License-Identifier: Apache-2.0
package io.ksplat.kernel.internal.rootfs;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.internal.Command;
import io.ksplat.kernel.internal.Digests;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A file system that a machine reads from a disk.
 *
 * @param type as mount(2) names it
 * @param digest differs if the content does: the memory of a frozen machine holds pieces of it
 */
public record DiskImage(Path file, String type, String digest) {
    private static final Duration LIMIT = Duration.ofMinutes(20);
    private static final String SQUASHFS = "squashfs";
    private static final String NAME = "image.squashfs";
    private static final String DIGEST = "image.sha256";

    /** LZ4 costs an emulated machine the least. Times and owners are not what machines differ in. */
    private static final List<String> OPTIONS =
            List.of("-comp", "lz4", "-noappend", "-no-progress", "-quiet", "-no-exports", "-mkfs-time", "0");

    /** Makes an image of a folder in the folder of a cache's entry. */
    static DiskImage ofFolder(Path from, Path entry) throws IOException, InterruptedException, KernelException {
        Command.Outcome outcome = new Command(LIMIT, words(from.toString(), entry, List.of())).run(entry);
        if (!outcome.ok()) {
            throw new KernelException("mksquashfs refused " + from + ": " + String.join("; ", outcome.lines()));
        }
        return made(entry);
    }

    /** Makes an image of a tar archive that is not compressed. */
    static DiskImage ofTar(Path tar, Path entry) throws IOException, InterruptedException, KernelException {
        new Command(LIMIT, words("-", entry, List.of("-tar")))
                .pipe(
                        ProcessBuilder.Redirect.from(tar.toFile()),
                        out -> out.transferTo(OutputStream.nullOutputStream()));
        return made(entry);
    }

    private static List<String> words(String from, Path entry, List<String> more) {
        List<String> words =
                new ArrayList<>(List.of("mksquashfs", from, entry.resolve(NAME).toString()));
        words.addAll(OPTIONS);
        words.addAll(more);
        return words;
    }

    private static DiskImage made(Path entry) throws IOException {
        String digest = Digests.sha256(entry.resolve(NAME));
        Files.writeString(entry.resolve(DIGEST), digest);
        return new DiskImage(entry.resolve(NAME), SQUASHFS, digest);
    }

    /** Returns the image that was made in an entry. */
    static DiskImage in(Path entry) throws IOException {
        return new DiskImage(entry.resolve(NAME), SQUASHFS, Files.readString(entry.resolve(DIGEST)));
    }
}
