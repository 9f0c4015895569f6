// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

/** ksplat itself, or the machine that it runs on, failed: nothing is said of the kernel. */
public final class HarnessError extends RuntimeException {
    private static final long serialVersionUID = 1;

    HarnessError(String message) {
        super(message);
    }
}
