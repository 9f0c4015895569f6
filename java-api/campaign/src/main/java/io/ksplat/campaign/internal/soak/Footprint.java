// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.soak;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * What this process holds between two rounds, when nothing runs: what grows from round to round is a leak.
 *
 * @param heapKiB the heap in use after a collection
 * @param descriptors open files, sockets and pipes (/proc/self/fd)
 * @param threads of this process
 * @param processes that this process started, and theirs
 */
public record Footprint(long heapKiB, long descriptors, long threads, long processes) {
    /** A round says more than its neighbours only by much: caches fill, and the JVM has threads of its own. */
    private static final double GROWTH = 1.25;

    private static final long SOME_KIB = 16 << 10;
    private static final long SOME = 8;

    /** With fewer rounds, the first ones fill caches. */
    static final int ENOUGH = 4;

    static Footprint now() throws IOException {
        ManagementFactory.getMemoryMXBean().gc();
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return new Footprint(
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10,
                    open.count(),
                    ManagementFactory.getThreadMXBean().getThreadCount(),
                    ProcessHandle.current().descendants().count());
        }
    }

    /** Returns what grew over the rounds of one process, in words; nothing if there were too few rounds to tell. */
    static List<String> growth(List<Footprint> rounds) {
        List<String> grown = new ArrayList<>();
        if (rounds.size() >= ENOUGH) {
            grows(rounds, "the heap, in KiB", Footprint::heapKiB, SOME_KIB, grown);
            grows(rounds, "open files", Footprint::descriptors, SOME, grown);
            grows(rounds, "threads", Footprint::threads, SOME, grown);
            grows(rounds, "processes", Footprint::processes, 0, grown);
        }
        return grown;
    }

    /** The least of the later half against the most of the earlier half: a single bad moment is no growth. */
    private static void grows(
            List<Footprint> rounds, String what, ToLongFunction<Footprint> of, long some, List<String> grown) {
        int half = rounds.size() / 2;
        long before = rounds.subList(0, half).stream().mapToLong(of).max().orElse(0);
        long after =
                rounds.subList(half, rounds.size()).stream().mapToLong(of).min().orElse(0);
        if (after > before * GROWTH + some) {
            grown.add(what + ": at most " + before + " after the first " + half + " rounds, at least " + after
                    + " after each later one");
        }
    }
}
