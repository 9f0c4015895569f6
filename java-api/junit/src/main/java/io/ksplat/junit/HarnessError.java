// SPDX-License-Identifier: Apache-2.0
package io.ksplat.junit;

/** ksplat itself, or the host, failed. This says nothing about the kernel. */
public final class HarnessError extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Creates the error of a run; only ksplat throws it. */
    public HarnessError(String message) {
        super(message);
    }
}
