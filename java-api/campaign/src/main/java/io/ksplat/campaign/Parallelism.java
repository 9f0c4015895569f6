// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** How many attempts this machine has room for at a time. */
public final class Parallelism {
    /** More are asked for by mistake. */
    public static final int MOST = 256;

    /** Of an attempt: its guest's memory, all of it written, QEMU's own, and as much of the machine that stands ready for the next. */
    private static final long BYTES = 448L << 20;

    /** For this process, and whatever else runs. */
    private static final long SPARE_BYTES = 768L << 20;

    private Parallelism() {}

    /** One for each CPU, where the memory suffices. */
    public static int fitting() throws IOException {
        return fitting(Runtime.getRuntime().availableProcessors(), availableBytes());
    }

    static int fitting(int cpus, long availableBytes) {
        return (int) Math.max(1, Math.min(Math.min(cpus, MOST), (availableBytes - SPARE_BYTES) / BYTES));
    }

    /** What the host has (proc(5)), or its control group may use (the kernel's Documentation/admin-guide/cgroup-v2.rst). */
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
