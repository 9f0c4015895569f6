// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * One line of a console without the prefixes of its transports.
 *
 * @param seconds the kernel's time stamp
 * @param caller the task or CPU that printed the line, as CONFIG_PRINTK_CALLER prints it ({@code T123}, {@code C1}); empty if not printed
 * @param priority the facility times 8 and the level, as {@code console_msg_format=syslog} prints them before the record; empty if not
 *     printed
 * @param text the message with its leading white space, which aligns lockdep's tables
 */
record Line(OptionalDouble seconds, String caller, OptionalInt priority, String text) {
    /** LOG_FACMASK of include/linux/syslog.h (7 bits of facility above 3 of level): 0 is LOG_KERN. */
    private static final int FACILITY_SHIFT = 3;

    /**
     * Returns whether the kernel itself printed it, on a console that prints priorities. A record that user space writes to /dev/kmsg never
     * has the kernel's facility (devkmsg_write, kernel/printk/printk.c), and what it writes to the console's terminal has none.
     */
    boolean isKernels() {
        return priority.isPresent() && priority.getAsInt() >> FACILITY_SHIFT == 0;
    }
}
