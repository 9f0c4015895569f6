// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a lab remembers: how far it has read KernelCI's events, and each job that it took. One process has it at a time. */
final class LabFolder implements AutoCloseable {
    private final Path folder;
    private final Path jobs;
    private final FileChannel lock;

    private LabFolder(Path folder, FileChannel lock) {
        this.folder = folder;
        this.jobs = folder.resolve("jobs");
        this.lock = lock;
    }

    /** Opens it. */
    static LabFolder open(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("jobs"));
        FileChannel channel =
                FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (lock(channel) != null) {
                return new LabFolder(folder, channel);
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("another ksplat lab uses " + folder + ": end it, or name another folder with --state");
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // This process has it.
            return null;
        }
    }

    /** Returns the time of the last event that was read. */
    Optional<String> cursor() throws IOException {
        Path file = folder.resolve("cursor");
        return Files.exists(file)
                ? Optional.of(Files.readString(file, StandardCharsets.UTF_8).strip())
                : Optional.empty();
    }

    void cursor(String time) throws IOException {
        LabJob.replace(folder.resolve("cursor"), time + "\n");
    }

    /** Takes a job; returns false if it was taken before. */
    boolean take(JobEvent event) throws IOException {
        Path own = jobs.resolve(event.node());
        if (LabJob.isIn(own)) {
            return false;
        }
        Files.createDirectories(own);
        new LabJob(own, LabJob.State.TAKEN, event.definition(), event.parent(), 0).write();
        return true;
    }

    /** Returns the jobs of a state, in the order of their numbers. */
    List<LabJob> jobs(LabJob.State state) throws IOException {
        List<LabJob> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(jobs, LabJob::isIn)) {
            for (Path own : all) {
                LabJob job = LabJob.read(own);
                if (job.state() == state) {
                    found.add(job);
                }
            }
        }
        found.sort(Comparator.comparing(LabJob::node));
        return found;
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
