// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.program;

import io.ksplat.engine.Machine;
import io.ksplat.machine.internal.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The distribution's busybox in a machine: a shell and its tools, where scripts look for them. */
final class Shell {
    private static final String BUSYBOX = "/bin/busybox";
    private static final List<String> FOLDERS =
            List.of("/bin", "/sbin", "/usr", "/usr/bin", "/usr/sbin", "/etc", "/var");
    private static final int MODE = 0755;

    private Shell() {}

    static void install(Machine machine, Processes processes, Path busybox) throws IOException {
        for (String folder : FOLDERS) {
            processes.makeDirectory(folder, MODE);
        }
        machine.fixture().target().control().writeProgram(BUSYBOX, Files.readAllBytes(busybox));
        processes.run(Processes.Command.of(BUSYBOX, "--install", "-s"));
        machine.writeFile("/etc/passwd", """
                root:x:0:0:root:/root:/bin/sh
                nobody:x:65534:65534:nobody:/home:/bin/sh
                """);
        machine.writeFile("/etc/group", """
                root:x:0:
                nobody:x:65534:
                """);
    }
}
