// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

/** Reads the numbers of annotations. */
final class Numbers {
    private Numbers() {}

    /**
     * Reads a decimal number, or a hexadecimal one after {@code 0x}, as a 32-bit integer.
     *
     * @param what for the message
     * @throws IllegalArgumentException if it is none
     */
    static int integer(String text, String what) {
        String trimmed = text.strip();
        try {
            return (int)
                    (trimmed.startsWith("0x") ? Long.parseLong(trimmed.substring(2), 16) : Long.parseLong(trimmed));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(what + "(" + text + ") is no number that test_loader reads", e);
        }
    }
}
