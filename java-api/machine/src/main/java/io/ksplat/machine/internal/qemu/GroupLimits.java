// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the control groups of a process limit (cgroups(7)): its own, not those above it.
 *
 * @param memoryBytes of the group together
 * @param processes of the group, threads included
 * @param cpus whether its CPU time is limited
 */
public record GroupLimits(OptionalLong memoryBytes, OptionalLong processes, boolean cpus) {
    /** Version 1 has a number for no limit: the largest one, in whole pages. */
    private static final long NONE = Long.MAX_VALUE >> 1;

    /**
     * Reads them.
     *
     * @param groups the lines of /proc/PID/cgroup
     * @param mounts the lines of /proc/self/mountinfo
     */
    static GroupLimits of(List<String> groups, List<String> mounts) throws IOException {
        return new GroupLimits(
                limit(groups, mounts, "memory", "memory.limit_in_bytes", "memory.max"),
                limit(groups, mounts, "pids", "pids.max", "pids.max"),
                limit(groups, mounts, "cpu", "cpu.cfs_quota_us", "cpu.max").isPresent());
    }

    private static OptionalLong limit(
            List<String> groups, List<String> mounts, String controller, String first, String second)
            throws IOException {
        Optional<Path> old = folder(groups, mounts, controller);
        Optional<Path> file = old.isPresent()
                ? old.map(in -> in.resolve(first))
                : folder(groups, mounts, "").map(in -> in.resolve(second));
        if (file.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            String text = Files.readString(file.get()).strip().split(" ", -1)[0];
            long limit = text.equals("max") ? NONE : Long.parseLong(text);
            return limit < 0 || limit >= NONE ? OptionalLong.empty() : OptionalLong.of(limit);
        } catch (NoSuchFileException e) {
            // The hierarchy's first group has no limits, and none has those of a controller that is off.
            return OptionalLong.empty();
        }
    }

    /** Returns the folder of a process's group for a controller of version 1, or that of version 2 for none. */
    private static Optional<Path> folder(List<String> groups, List<String> mounts, String controller) {
        for (String group : groups) {
            String[] part = group.split(":", 3);
            if (part.length == 3 && List.of(part[1].split(",", -1)).contains(controller)) {
                for (String mount : mounts) {
                    Optional<Path> found = in(mount, controller, part[2]);
                    if (found.isPresent()) {
                        return found;
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Path> in(String mount, String controller, String group) {
        // proc_pid_mountinfo(5): after the dash come the type, the source and the options.
        String[] halves = mount.split(" - ", 2);
        String[] type = halves[halves.length - 1].split(" ", 3);
        String[] place = halves[0].split(" ", 6);
        if (halves.length != 2 || type.length != 3 || place.length < 5) {
            return Optional.empty();
        }
        boolean right = controller.isEmpty()
                ? type[0].equals("cgroup2")
                : type[0].equals("cgroup") && List.of(type[2].split(",", -1)).contains(controller);
        String root = place[3].equals("/") ? "" : place[3];
        return right && (group + "/").startsWith(root + "/")
                ? Optional.of(Path.of(place[4] + group.substring(root.length())))
                : Optional.empty();
    }
}
