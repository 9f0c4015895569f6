// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Control groups of both versions, made of files. */
class GroupLimitsTest {
    @TempDir
    Path mounts;

    private String mount(String name, String root, String rest) {
        return "31 23 0:28 " + root + " " + mounts.resolve(name) + " rw,relatime shared:9 - " + rest;
    }

    private void file(String path, String text) throws IOException {
        Path file = mounts.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "\n");
    }

    @Test
    void readsVersionOneWithItsHierarchies() throws IOException {
        file("memory/a/b/memory.limit_in_bytes", "1048576");
        file("pids/pids.max", "7");
        file("cpu,cpuacct/a/cpu.cfs_quota_us", "300000");

        GroupLimits limits = GroupLimits.of(
                List.of("4:memory:/a/b", "3:pids:/", "2:cpu,cpuacct:/a", "0::/"),
                List.of(
                        mount("memory", "/", "cgroup cgroup rw,memory"),
                        mount("pids", "/", "cgroup cgroup rw,pids"),
                        mount("cpu,cpuacct", "/", "cgroup cgroup rw,cpu,cpuacct"),
                        mount("unified", "/", "cgroup2 cgroup2 rw")));

        assertThat(limits.memoryBytes()).hasValue(1 << 20);
        assertThat(limits.processes()).hasValue(7);
        assertThat(limits.cpus()).isTrue();
    }

    @Test
    void readsVersionTwoWhereAPartOfItIsMounted() throws IOException {
        file("two/c/memory.max", "2097152");
        file("two/c/pids.max", "max");
        file("two/c/cpu.max", "max 100000");

        GroupLimits limits = GroupLimits.of(
                List.of("0::/docker/c"), List.of(mount("two", "/docker", "cgroup2 cgroup rw,nsdelegate")));

        assertThat(limits.memoryBytes()).hasValue(2 << 20);
        assertThat(limits.processes()).isEmpty();
        assertThat(limits.cpus()).isFalse();
    }

    @Test
    void takesTheLargestNumberOfVersionOneForNone() throws IOException {
        file("memory/memory.limit_in_bytes", "9223372036854771712");
        file("cpu/cpu.cfs_quota_us", "-1");

        GroupLimits limits = GroupLimits.of(
                List.of("4:memory:/", "2:cpu:/", "1:pids:/x", "0::/"),
                List.of(mount("memory", "/", "cgroup cgroup rw,memory"), mount("cpu", "/", "cgroup cgroup rw,cpu")));

        assertThat(limits).isEqualTo(GroupLimits.of(List.of(), List.of()));
    }
}
