// SPDX-License-Identifier: Apache-2.0
package io.ksplat.results.internal.wire;

/** A file that is not what it should be; the message says in one line where and how. */
public final class DamagedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    DamagedException(String message) {
        super(message);
    }

    /** Returns what is wrong, in one line. */
    public String what() {
        return String.valueOf(getMessage());
    }
}
