// SPDX-License-Identifier: Apache-2.0
package io.ksplat.engine.internal.selftest;

import java.io.IOException;

/** A case could not be tried. Its words are the message of the run. */
final class SelftestException extends IOException {
    private static final long serialVersionUID = 1;

    SelftestException(String what) {
        super(what);
    }

    SelftestException(Throwable cause) {
        super(String.valueOf(cause.getMessage()), cause);
    }
}
