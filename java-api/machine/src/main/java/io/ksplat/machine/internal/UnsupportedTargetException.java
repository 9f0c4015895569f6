// SPDX-License-Identifier: Apache-2.0
package io.ksplat.machine.internal;

/** A target cannot do what a scenario asks of it: the verdict is UNSUPPORTED, with this message. */
public final class UnsupportedTargetException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public UnsupportedTargetException(String message) {
        super(message);
    }
}
