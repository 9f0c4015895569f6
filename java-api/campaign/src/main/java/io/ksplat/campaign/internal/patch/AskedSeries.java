// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.patch;

import io.ksplat.kernel.KernelException;
import io.ksplat.kernel.Progress;
import io.ksplat.kernel.internal.UserFolders;
import io.ksplat.kernel.internal.build.IncompleteSeriesException;
import io.ksplat.kernel.internal.build.MessageId;
import io.ksplat.kernel.internal.build.PatchSeries;
import io.ksplat.machine.internal.qemu.Folders;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A series that b4 knows. When it asks about one, it gives one mail, the cover letter or the first patch; what is missing comes from its review
 * branch, or b4 fetches it.
 */
public final class AskedSeries implements AutoCloseable {
    private static final int MOST_NAME = 200;
    private static final long MOST_BYTES = 256L << 20;

    private final Path scratch;
    private final List<Path> mails;
    private final Optional<String> id;
    private final Optional<String> base;

    private AskedSeries(Path scratch, List<Path> mails, Optional<String> id, Optional<String> base) {
        this.scratch = scratch;
        this.mails = List.copyOf(mails);
        this.id = id;
        this.base = base;
    }

    /**
     * Reads mails, and finds those of the series that are missing.
     *
     * @param input one mail, or many as an mbox
     * @param repository where b4 works
     * @param tracking the file that b4 describes the series in
     */
    public static AskedSeries read(InputStream input, Path repository, Optional<Path> tracking, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path scratch = Files.createTempDirectory("ksplat-b4-");
        try {
            return read(input, scratch, repository, tracking, progress);
        } catch (IOException | InterruptedException | KernelException | RuntimeException e) {
            Folders.remove(scratch);
            throw e;
        }
    }

    /**
     * Has b4 fetch a series.
     *
     * @param id of any mail of it
     * @param repository where b4 runs, so that its settings there hold
     */
    public static AskedSeries fetch(String id, Path repository, Progress progress)
            throws IOException, InterruptedException, KernelException {
        if (!Files.isDirectory(repository)) {
            throw new IOException("no kernel tree at " + repository);
        }
        Path scratch = Files.createTempDirectory("ksplat-b4-");
        try {
            progress.report("b4 fetches the series of " + id);
            return new AskedSeries(scratch, B4.fetch(id, scratch, repository), Optional.of(id), Optional.empty());
        } catch (IOException | InterruptedException | KernelException | RuntimeException e) {
            Folders.remove(scratch);
            throw e;
        }
    }

    private static AskedSeries read(
            InputStream input, Path scratch, Path repository, Optional<Path> tracking, Progress progress)
            throws IOException, InterruptedException, KernelException {
        Path given = scratch.resolve("standard input");
        try (var out = Files.newOutputStream(given)) {
            byte[] buffer = new byte[1 << 16];
            long bytes = 0;
            for (int read = input.read(buffer); read >= 0; read = input.read(buffer)) {
                bytes += read;
                if (bytes > MOST_BYTES) {
                    throw new IOException("standard input has more than " + (MOST_BYTES >> 20) + " MiB of mails");
                }
                out.write(buffer, 0, read);
            }
        }
        if (Files.size(given) == 0) {
            throw new IOException("standard input is empty: b4 gives a mail");
        }
        Optional<String> id = MessageId.of(given);
        String why;
        try {
            PatchSeries.read(List.of(given), Files.createDirectory(scratch.resolve("given")));
            return new AskedSeries(scratch, List.of(given), id, Optional.empty());
        } catch (IncompleteSeriesException e) {
            why = String.valueOf(e.getMessage()).replace(given.toString(), "standard input");
        }
        if (id.isEmpty()) {
            throw new IOException(why + ", and no Message-ID by which the series can be found: b4 gives a mail");
        }
        Optional<B4Tracking> tracked = tracking.isPresent() ? B4Tracking.read(tracking.get()) : Optional.empty();
        Path found = Files.createDirectory(scratch.resolve("found"));
        if (tracked.isPresent() && tracked.get().messageId().equals(id.get())) {
            progress.report(why + "; taking the series from b4's review branch");
            return new AskedSeries(
                    scratch,
                    List.of(tracked.get().mails(repository, found)),
                    id,
                    Optional.of(tracked.get().base()));
        }
        progress.report(why + "; b4 fetches the series of " + id.get());
        return new AskedSeries(scratch, B4.fetch(id.get(), found, repository), id, Optional.empty());
    }

    /** Returns the files of the mails, which are there until this is closed. */
    public List<Path> mails() {
        return mails;
    }

    /** Returns the commit that b4 applied the series to; empty if it is not on a review branch. */
    public Optional<String> base() {
        return base;
    }

    /**
     * Returns the folder of the report on this series.
     *
     * @param reports where the folders of all series are; if it is not given, the user's own place for it
     */
    public Path report(Optional<Path> reports) {
        String name =
                id.orElse("no-message-id").replaceAll("[^A-Za-z0-9@._-]", "_").replaceFirst("^\\.+", "_");
        return reports.orElseGet(() -> UserFolders.STATE.ksplat().resolve("b4-check"))
                .toAbsolutePath()
                .resolve(name.substring(0, Math.min(name.length(), MOST_NAME)));
    }

    @Override
    public void close() throws IOException {
        Folders.remove(scratch);
    }
}
