// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A machine to be started at a {@link QemuLauncher}.
 *
 * @param config its files are this host's
 */
public record LaunchSpec(MachineConfig config, HostTools programs) {
    /** Where ksplat's files lie at the site. */
    private static final String FOLDER = "/ksplat/";

    /** Removed by the guard. */
    private static final String RUN = FOLDER + "run";

    /** Stands for a number that only the site knows. */
    static final String TSC_KHZ = "@tsc-khz@";

    /** The first word is QEMU's boot line, all others are QEMU itself. */
    private static final String WITH_TSC = "khz=$(" + FOLDER + "tsc) || exit 1; line=${1%%" + TSC_KHZ + "*}$khz${1#*"
            + TSC_KHZ + "}; shift; exec \"$@\" -append \"$line\"";

    /** The files that must lie there, by their paths there, executable. */
    public Map<String, Path> files() {
        return Map.of(
                FOLDER + "guard", programs.guard(),
                FOLDER + "tsc", programs.tsc(),
                FOLDER + "kernel", config.image(),
                FOLDER + "initramfs", config.initramfs());
    }

    /**
     * What to run there.
     *
     * @param listen where each wire is to be listened at, {@code ADDRESS:PORT}, IPv4; port 0: any that is free. The guard says on its stdout which it took, {@code
     *     listening PORT...}, in the order of {@link Channel}
     */
    public List<String> words(Function<Channel, String> listen) {
        List<String> words = new ArrayList<>(List.of(FOLDER + "guard", "--remove", RUN));
        for (Channel wire : Channel.values()) {
            words.addAll(List.of("--listen", listen.apply(wire)));
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
