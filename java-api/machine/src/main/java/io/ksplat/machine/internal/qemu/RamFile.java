// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal.qemu;

import java.nio.file.Path;

/** A file that holds a machine's memory (QEMU's memory-backend-file). */
public record RamFile(Path file, Use use) {

    public enum Use {
        /** The guest writes to the file. */
        WRITE("on"),
        /** The guest has private copies of the pages that it writes, and shares the others with every machine on the same file. */
        COPY("off");

        private final String share;

        Use(String share) {
            this.share = share;
        }
    }

    /** Returns the value of {@code -object}. */
    String object(int memoryMiB) {
        return "memory-backend-file,id=" + QemuCommandLine.RAM + ",size=" + memoryMiB + "M,share=" + use.share
                + ",mem-path=" + QemuCommandLine.escaped(file);
    }
}
