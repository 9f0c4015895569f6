// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The control groups of this host. */
public final class ControlGroups {
    private static final Path FIRST = Path.of("/sys/fs/cgroup");

    private ControlGroups() {}

    /** Returns whether a guard that this process starts can make one: root can, unless the host keeps them from it. */
    public static boolean canBeMade() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)
                && (Files.isWritable(FIRST.resolve("memory/cgroup.procs"))
                        || Files.isWritable(FIRST.resolve("cgroup.subtree_control")));
    }
}
