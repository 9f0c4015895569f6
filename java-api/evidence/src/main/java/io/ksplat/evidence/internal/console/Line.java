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
 * @param lead what stood before the text, and says who brought it
 * @param text the message with its leading white space, which aligns lockdep's tables
 */
record Line(OptionalDouble seconds, String caller, OptionalInt priority, Lead lead, String text) {
    /** LOG_FACMASK of include/linux/syslog.h (7 bits of facility above 3 of level): 0 is LOG_KERN. */
    private static final int FACILITY_SHIFT = 3;

    /**
     * What stands before a line's text.
     *
     * @param written all of it
     * @param origin the machine or container that the line comes from; empty if not told
     * @param wallTime the wall-clock time, as written; empty if not told
     * @param isKernels whether it says that the kernel printed the text: a stamp of printk, {@code kernel:}, {@code _TRANSPORT=kernel}
     * @param learnt the shape that it has, if a report's first line taught it; {@link Shape#NONE} otherwise
     */
    record Lead(String written, String origin, String wallTime, boolean isKernels, Shape learnt) {
        static final Lead NONE = new Lead("", "", "", false, Shape.NONE);

        /** Returns whether both may come from one machine. */
        boolean isOfSameOrigin(Lead other) {
            return origin.isEmpty() || other.origin.isEmpty() || origin.equals(other.origin);
        }
    }

    /**
     * Returns whether the kernel itself printed it, on a console that prints priorities. A record that user space writes to /dev/kmsg never
     * has the kernel's facility (devkmsg_write, kernel/printk/printk.c), and what it writes to the console's terminal has none.
     */
    boolean isKernels() {
        return priority.isPresent() && priority.getAsInt() >> FACILITY_SHIFT == 0;
    }

    /** Returns whether nothing says who printed it: no stamp, and no prefix that is known. */
    boolean isBare() {
        return seconds.isEmpty() && !lead.isKernels() && lead.learnt() == Shape.NONE;
    }

    /** Returns the length of the line as it was written. */
    int width() {
        return lead.written().length() + text.length();
    }

    Line with(String other) {
        return new Line(seconds, caller, priority, lead, other);
    }

    Line with(Lead other, String text) {
        return new Line(seconds, caller, priority, other, text);
    }
}
