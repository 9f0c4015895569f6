// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A machine for a {@link QemuLauncher} to start.
 *
 * @param config with the paths of its files on this host
 */
public record LaunchSpec(MachineConfig config, HostTools tools) {
    /** The folder of ksplat's files where QEMU runs. */
    private static final String FOLDER = "/ksplat/";

    /** Removed by the guard. */
    private static final String RUN = FOLDER + "run";

    /** Where QEMU makes its temporary files (util/osdep.c); nobody else has files there. */
    private static final String TEMPORARY = "/var/tmp";

    /** A placeholder for a number that is measured where QEMU runs. */
    static final String TSC_KHZ = "@tsc-khz@";

    /** A shell script: its first argument is the kernel's boot line, the others are QEMU's command. */
    private static final String WITH_TSC = "khz=$(" + FOLDER + "tsc) || exit 1; line=${1%%" + TSC_KHZ + "*}$khz${1#*"
            + TSC_KHZ + "}; shift; exec \"$@\" -append \"$line\"";

    /** Returns the files to copy there, by their paths there; all must be executable. */
    public Map<String, Path> files() {
        return Map.of(
                FOLDER + "guard", tools.guard(),
                FOLDER + "tsc", tools.tsc(),
                FOLDER + "kernel", config.image(),
                FOLDER + "initramfs", config.initramfs());
    }

    /**
     * Returns the command to run there.
     *
     * @param listen the address for each channel to listen on, {@code ADDRESS:PORT}, IPv4; port 0 means any free one. The guard
     *     prints the ports, {@code listening PORT...}, to its stdout, in the order of {@link Channel}
     */
    public List<String> words(Function<Channel, String> listen) {
        List<String> words = new ArrayList<>(List.of(FOLDER + "guard", "--remove", RUN));
        files().keySet().stream().sorted().forEach(file -> words.addAll(List.of("--read", file)));
        // There QEMU keeps what a machine writes to a scratch disk.
        words.addAll(List.of("--write", TEMPORARY));
        for (Channel channel : Channel.values()) {
            words.addAll(List.of("--listen", listen.apply(channel)));
        }
        words.add("--");
        words.addAll(qemu());
        return List.copyOf(words);
    }

    private List<String> qemu() {
        List<String> words = QemuCommandLine.elsewhere(config, Path.of(FOLDER, "kernel"), Path.of(FOLDER, "initramfs"));
        String line = QemuCommandLine.elsewhereBootLine(config);
        List<String> all = new ArrayList<>();
        if (line.contains(TSC_KHZ)) {
            all.addAll(List.of("/bin/sh", "-c", WITH_TSC, "qemu", line));
            all.addAll(words);
        } else {
            all.addAll(words);
            all.addAll(List.of("-append", line));
        }
        return all;
    }
}
