// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What keeps a QEMU process that a guest has taken over from doing more, as the host's kernel tells it.
 *
 * @param filtered whether a seccomp filter limits its system calls
 * @param noNewPrivileges whether no program gives it more rights
 * @param noCapabilities whether it has none of root's rights over what is not its own
 * @param ownNetwork whether it sees a network of its own, in which there is none
 * @param ownFiles whether it is refused files that its machine does not need
 * @param root whether its files are root's
 * @param limits what its control groups limit
 */
public record Confinement(
        boolean filtered,
        boolean noNewPrivileges,
        boolean noCapabilities,
        boolean ownNetwork,
        boolean ownFiles,
        boolean root,
        GroupLimits limits) {
    /** SECCOMP_MODE_FILTER (proc_pid_status(5)). */
    private static final String FILTER = "2";

    /**
     * Reads that of a thread, of this host.
     *
     * @param ownFiles which its kernel does not tell
     */
    static Confinement of(long thread, boolean ownFiles) throws IOException {
        Path proc = Path.of("/proc", Long.toString(thread));
        String status = Files.readString(proc.resolve("status"));
        return new Confinement(
                field(status, "Seccomp").equals(FILTER),
                field(status, "NoNewPrivs").equals("1"),
                (field(status, "CapEff") + field(status, "CapPrm")).matches("0+"),
                !Files.readSymbolicLink(proc.resolve("ns/net"))
                        .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net"))),
                ownFiles,
                field(status, "Uid").startsWith("0"),
                GroupLimits.of(
                        Files.readAllLines(proc.resolve("cgroup")),
                        Files.readAllLines(Path.of("/proc/self/mountinfo"))));
    }

    private static String field(String status, String name) {
        Matcher line =
                Pattern.compile("^" + name + ":\\s*(\\S+)", Pattern.MULTILINE).matcher(status);
        return line.find() ? line.group(1) : "";
    }
}
