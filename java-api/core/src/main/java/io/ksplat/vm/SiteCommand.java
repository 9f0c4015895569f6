// SPDX-License-Identifier: Apache-2.0
package io.ksplat.vm;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A machine to be started at a {@link QemuSite}.
 *
 * @param config its files are this host's
 */
public record SiteCommand(MachineConfig config, Programs programs) {
    /** Where ksplat's files lie at the site. */
    private static final String FOLDER = "/ksplat/";

    /** Removed by the guard. */
    private static final String RUN = FOLDER + "run";

    /** A program that answers with one line, and the file of this host that is to be brought there for it, if any. */
    public enum Tool {
        /** Prints the frequency of the time stamp counter, in kHz. */
        TSC,
        /** Prints QEMU's version. */
        QEMU_VERSION;

        /** The command. */
        public List<String> words() {
            return switch (this) {
                case TSC -> List.of(FOLDER + "tsc");
                case QEMU_VERSION -> List.of(QemuCommandLine.ELSEWHERE, "--version");
            };
        }

        /** What must lie there, executable, by its path there. */
        public Map<String, Path> files(Programs programs) {
            return switch (this) {
                case TSC -> Map.of(FOLDER + "tsc", programs.tsc());
                case QEMU_VERSION -> Map.of();
            };
        }
    }

    /** The files that must lie there, by their paths there; the guard executable. */
    public Map<String, Path> files() {
        return Map.of(
                FOLDER + "guard", programs.guard(),
                FOLDER + "kernel", config.image(),
                FOLDER + "initramfs", config.initramfs());
    }

    /**
     * What to run there.
     *
     * @param listen where each wire is to be listened at; port 0: any that is free. The guard says on its stdout which it took, {@code
     *     listening PORT...}, in the order of {@link Wire}
     */
    public List<String> words(Function<Wire, InetSocketAddress> listen) {
        List<String> words = new ArrayList<>(List.of(FOLDER + "guard", "--remove", RUN));
        for (Wire wire : Wire.values()) {
            InetSocketAddress address = listen.apply(wire);
            words.add("--listen");
            words.add(address.getAddress().getHostAddress() + ":" + address.getPort());
        }
        words.add("--");
        words.addAll(QemuCommandLine.elsewhere(new MachineConfig(
                Path.of(FOLDER, "kernel"),
                Path.of(FOLDER, "initramfs"),
                config.virtio(),
                config.cpus(),
                config.memoryMiB(),
                config.accelerator(),
                config.hostTscKhz(),
                config.bootParameters())));
        return List.copyOf(words);
    }
}
