// SPDX-License-Identifier: Apache-2.0
package io.ksplat.evidence.internal.console;

import java.util.OptionalDouble;

/**
 * One line of a console without what transports put before it.
 *
 * @param seconds the kernel's time stamp
 * @param caller who printed it, as CONFIG_PRINTK_CALLER writes it ({@code T123}, {@code C1}); empty where the console does not tell
 * @param text the message, its leading white space kept: lockdep's tables are aligned by it
 */
record Line(OptionalDouble seconds, String caller, String text) {}
