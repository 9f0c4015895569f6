// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;

/** A file that is a machine's memory (QEMU's memory-backend-file). */
public record RamFile(Path file, Use use) {

    public enum Use {
        /** What the guest writes goes to the file. */
        WRITE("on"),
        /** What the guest writes is its own; what it does not write it shares with every machine on the same file. */
        COPY("off");

        private final String share;

        Use(String share) {
            this.share = share;
        }
    }

    /** The words for {@code -object}. */
    String object(int memoryMiB) {
        return "memory-backend-file,id=" + QemuCommandLine.RAM + ",size=" + memoryMiB + "M,share=" + use.share
                + ",mem-path=" + QemuCommandLine.escaped(file);
    }
}
