// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal;

import io.ksplat.bpf.BpfObjectFile;
import io.ksplat.bpf.internal.libbpf.Errno;
import io.ksplat.machine.AgentException;
import io.ksplat.machine.GuestControl;
import io.ksplat.machine.Target;
import io.ksplat.machine.internal.KernelInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;

/** Puts a kernel's configuration where libbpf looks for it, for an object with {@code __kconfig} externs. */
final class KernelConfiguration {
    /** The data section that libbpf makes of such externs (tools/lib/bpf/libbpf_internal.h, KCONFIG_SEC). */
    private static final String EXTERNS = ".kconfig";

    private KernelConfiguration() {}

    /**
     * Does nothing if no object asks, if the kernel tells its configuration itself, or if it is not known. The whole file: libbpf refuses
     * even a weak extern that a part of a configuration does not name.
     */
    static void offer(Target target, KernelInfo kernel, BpfObjectFile file) throws IOException {
        if (file.maps().stream().anyMatch(map -> map.name().equals(EXTERNS))) {
            offer(target, kernel);
        }
    }

    /** Does the same for an object that asks. */
    static void offer(Target target, KernelInfo kernel) throws IOException {
        if (kernel.kernel().config().isEmpty()) {
            return;
        }
        String text = Files.readString(kernel.kernel().config().get());
        String path = "/boot/config-" + kernel.release();
        GuestControl control = target.control();
        if (text.contains("\nCONFIG_IKCONFIG_PROC=y\n") || read(control, path).isPresent()) {
            return;
        }
        try {
            control.makeDirectory("/boot");
        } catch (AgentException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
        }
        control.writeFile(path, text);
    }

    private static Optional<byte[]> read(GuestControl control, String path) throws IOException {
        try {
            return Optional.of(control.readFile(path));
        } catch (AgentException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
