// SPDX-License-Identifier: Apache-2.0
package io.ksplat.campaign.internal.shell;

import java.io.ByteArrayOutputStream;

/** The way out of a machine that hangs: Ctrl-A x, as in QEMU. Ctrl-A twice is one Ctrl-A. */
final class Escape {
    private static final byte CTRL_A = 1;

    private boolean pending;
    private boolean asked;

    /** Returns what is left of some keys for the machine. */
    byte[] filter(byte[] keys, int length) {
        ByteArrayOutputStream passed = new ByteArrayOutputStream(length);
        for (int i = 0; i < length && !asked; i++) {
            byte key = keys[i];
            if (!pending && key == CTRL_A) {
                pending = true;
            } else if (pending && (key == 'x' || key == 'X')) {
                asked = true;
            } else {
                if (pending && key != CTRL_A) {
                    passed.write(CTRL_A);
                }
                passed.write(key);
                pending = false;
            }
        }
        return passed.toByteArray();
    }

    /** Returns whether somebody wants out. */
    boolean isAsked() {
        return asked;
    }
}
