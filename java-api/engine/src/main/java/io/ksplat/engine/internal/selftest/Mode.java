// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

/** With which privileges a program is loaded. */
enum Mode {
    PRIVILEGED(""),
    UNPRIVILEGED("@unpriv");

    private final String suffix;

    Mode(String suffix) {
        this.suffix = suffix;
    }

    /** Returns what stands behind the program's name in that of a case. */
    String suffix() {
        return suffix;
    }
}
