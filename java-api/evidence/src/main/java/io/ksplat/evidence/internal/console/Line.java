// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.OptionalDouble;

/**
 * One line of a console without the prefixes of its transports.
 *
 * @param seconds the kernel's time stamp
 * @param caller the task or CPU that printed the line, as CONFIG_PRINTK_CALLER prints it ({@code T123}, {@code C1}); empty if not printed
 * @param text the message with its leading white space, which aligns lockdep's tables
 */
record Line(OptionalDouble seconds, String caller, String text) {}
