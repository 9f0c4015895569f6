// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Computes how many attempts this host can run at once. */
public final class Parallelism {
    /** Upper limit; a greater number is a mistake. */
    public static final int MOST = 256;

    /**
     * Memory per attempt, in MiB: the guest's memory, if all of it is written, QEMU's own memory, and the same for the standby
     * machine of the next attempt.
     */
    public static final long ATTEMPT_MIB = 448;

    private static final long BYTES = ATTEMPT_MIB << 20;

    /** Memory to leave for this process and everything else on the host. */
    private static final long SPARE_BYTES = 768L << 20;

    private Parallelism() {}

    /** Returns the memory that some attempts at a time need, that of Java and of the host's own included, in MiB. */
    public static long memoryMiB(int attempts) {
        return (attempts * BYTES + SPARE_BYTES) >> 20;
    }

    /** Returns one attempt per CPU, or fewer if the memory does not suffice. */
    public static int fitting() throws IOException {
        return fitting(Runtime.getRuntime().availableProcessors(), availableBytes());
    }

    static int fitting(int cpus, long availableBytes) {
        return (int) Math.max(1, Math.min(Math.min(cpus, MOST), (availableBytes - SPARE_BYTES) / BYTES));
    }

    /**
     * Returns the memory that the host has available (proc(5)), or that its control group may use (the kernel's
     * Documentation/admin-guide/cgroup-v2.rst), whichever is less.
     */
    private static long availableBytes() throws IOException {
        return Math.min(memAvailable(Files.readAllLines(Path.of("/proc/meminfo"))), groupMax());
    }

    static long memAvailable(List<String> meminfo) {
        return meminfo.stream()
                .filter(line -> line.startsWith("MemAvailable:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                .findFirst()
                .orElse(Long.MAX_VALUE);
    }

    private static long groupMax() throws IOException {
        try {
            String max = Files.readString(Path.of("/sys/fs/cgroup/memory.max")).strip();
            return max.equals("max") ? Long.MAX_VALUE : Long.parseLong(max);
        } catch (NoSuchFileException none) {
            return Long.MAX_VALUE;
        }
    }
}
