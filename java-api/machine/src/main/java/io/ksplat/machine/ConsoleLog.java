// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine;

import java.nio.file.Path;

/** A console that is kept in a file as it comes. */
public interface ConsoleLog {
    /** Takes console bytes, on the console's own thread. */
    @FunctionalInterface
    interface Reader {
        /** Takes {@code length} bytes of a buffer that is used again afterwards. */
        void feed(byte[] buffer, int offset, int length);
    }

    /** Returns the file. */
    Path file();

    /** Returns when the last byte came, as {@link System#nanoTime()}. */
    long lastByteNanos();

    /**
     * Returns whether the kernel prints each record's facility and level on it, as one with {@code console_msg_format=syslog} does: then what
     * user space prints can be told from what the kernel prints.
     */
    default boolean printsFacility() {
        return false;
    }
}
